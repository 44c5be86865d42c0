import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cleanEnvironment, run, runToSuccess } from '../run-program.ts';
import type { Answer, Consumer } from './consumer.ts';
import { answersOf } from './pages.ts';
import { PROGRAM } from './program.ts';
import type { Source } from './source.ts';

/** A program that has not ended by then never does: the suite in Jest takes five minutes on a busy machine. */
const LONGEST_MS = 900_000;

/** A folder outside the workspace, as a user has it. */
export class Project {
  readonly dir: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(dir: string, env: Readonly<Record<string, string>> = {}) {
    this.dir = dir;
    this.#env = env;
  }

  /** The same folder, whose programs have more in their environment. */
  with(env: Readonly<Record<string, string>>): Project {
    return new Project(this.dir, { ...this.#env, ...env });
  }

  static async create(dir: string, { needs, manifest, files }: Consumer, source: Source): Promise<Project> {
    const project = new Project(dir);
    const dependencies = { ...source.versions, ...needs };
    await project.write('.npmrc', `@rmsnorm:registry=${source.registry}\n`);
    await project.write('package.json', JSON.stringify({ private: true, type: 'module', dependencies, ...manifest }));
    await project.write('program.js', PROGRAM);
    for (const [path, text] of Object.entries(files ?? {})) await project.write(path, text);
    const install = ['install', '--no-audit', '--no-fund'];
    // A registry may fail once.
    await runToSuccess('npm', install, { cwd: dir }).catch(() => runToSuccess('npm', install, { cwd: dir }));
    return project;
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.dir, path)), { recursive: true });
    await writeFile(join(this.dir, path), text);
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...cleanEnvironment, ...this.#env };
  }

  /** Runs a program of node_modules/.bin, or any other by its path; gives its stdout. */
  async exec(program: string, ...args: string[]): Promise<string> {
    const path = program.includes('/') ? program : join(this.dir, 'node_modules/.bin', program);
    const { code, stdout, output } = await run(path, args, {
      cwd: this.dir,
      env: this.#environment,
      timeout: LONGEST_MS,
    });
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output.slice(-4000)}`);
    return stdout;
  }

  /** Runs a program whose last line is an answer. */
  async answer(program: string, ...args: string[]): Promise<Answer> {
    const stdout = await this.exec(program, ...args);
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Answer;
  }

  /** Runs a program that sends its address, and stops it when `use` has what it wants. */
  async serve<T>(program: string, use: (address: string) => Promise<T>): Promise<T> {
    const child = fork(join(this.dir, program), [], {
      cwd: this.dir,
      env: this.#environment,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    try {
      const [address] = (await once(child, 'message')) as [string];
      return await use(address);
    } finally {
      child.kill();
    }
  }

  /** Serves a folder to isolated pages, and gives the answers of one. */
  page(
    folder: string,
    page = 'index.html',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, Answer>> {
    return answersOf(join(this.dir, folder), page, headers);
  }
}
