import type { Elements } from './elements.ts';
import type { Stopwatch } from './method/stopwatch.ts';
import type { Workload } from './workload.ts';

/** One way to do a workload, ready to be timed. */
export interface Candidate {
  /** Called before each turn; its time does not count. Sets a library's global backend to this candidate's. */
  enter?(): void;
  /** Does the work `count` times, to its end. */
  run(count: number): void | Promise<void>;
  /** Times `count` runs. Unless given, {@link wallClock} of `run`. */
  readonly stopwatch?: Stopwatch;
  /** The outputs of the last run, by name; of a copy, the bytes. */
  result(): Promise<Outputs | CopiedBytes>;
  dispose(): Promise<void> | void;
}

export type Outputs = Readonly<Record<string, Elements>>;

export interface CopiedBytes {
  readonly copied: Uint8Array;
}

/** Why a candidate cannot do a workload. */
export interface Unable {
  readonly unable: string;
}

/** What makes the candidates of one name: a library, a backend of ours or a copy. */
export interface Entrant {
  readonly name: CandidateName;
  /** A copy moves the same bytes and computes nothing. */
  readonly does: 'norm' | 'copy';
  /** In words, for the legend of the tables. */
  readonly about: string;
  create(work: Workload): Promise<Candidate | Unable>;
}

export type CandidateName =
  | 'rmsnorm-wasm'
  | 'rmsnorm-one-thread'
  | 'rmsnorm-webgpu'
  | 'rmsnorm-cuda'
  | 'rmsnorm-by-bits'
  | 'rmsnorm-without-subgroups'
  | 'simd-copy'
  | 'plain-copy'
  | 'memory.copy'
  | 'array-set'
  | 'array-slice'
  | 'wgsl-copy'
  | 'buffer-copy'
  | 'cuda-copy'
  | 'onnxruntime-wasm'
  | 'onnxruntime-kernel'
  | 'onnxruntime-node'
  | 'onnxruntime-webgpu'
  | 'tfjs-wasm'
  | 'tfjs-cpu'
  | 'tfjs-webgpu'
  | 'jax-wasm'
  | 'jax-webgpu'
  | 'plain-js';

/** Whether it is a backend of this repository: where its result is wrong, or missing, the bench fails. */
export function isOurs(name: CandidateName): boolean {
  return name.startsWith('rmsnorm');
}
