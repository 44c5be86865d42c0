import type { Project } from './project.ts';

/** What the program of program.ts answers. */
export interface Answer {
  /** What pickBackend took. */
  readonly backend: string;
  /** Of a row that was normalized: 1. */
  readonly rms: number;
  /** Of a backend with two threads: how many it has, and why not two. */
  readonly device: string;
  /** Whether these give the bits of one. */
  readonly same: boolean;
}

/** By the way in which it was run. */
export type Answers = Readonly<Record<string, Answer | null>>;

/** A way in which users take our packages. */
export interface Consumer {
  /** As the table says it. */
  readonly name: string;
  /** npm packages beside ours. */
  readonly needs?: Readonly<Record<string, string>>;
  /** More of its package.json. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Its files, by path. program.js is there. */
  readonly files?: Readonly<Record<string, string>>;
  /** Two threads where there is shared memory; else what `device` must say. Absent where no way gives an answer. */
  readonly threads?: 'two' | RegExp;
  /** Whether .ci/run takes it: what failed once, and what is quick. */
  readonly inCI?: true;
  /** Builds and runs; gives an answer for each way in which it was run, null where it has judged that itself. */
  readonly run: (project: Project) => Promise<Answers>;
}
