import { parentPort, workerData } from 'node:worker_threads';
import { DEFAULT_SEED, listCases, openSession } from '../../src/index.ts';
import { providerOf } from '../self-test/provider.ts';
import { type Import, loadProgram } from './load-program.ts';
import { programOf } from './programs.ts';

/** A mutant to be run. */
export interface Task {
  readonly program: string;
  readonly file: string;
  readonly text: string;
  /** Ids of cases in the order in which to run them. */
  readonly cases: readonly string[];
  /** What each takes on the right program, in milliseconds; empty where that is not known. */
  readonly ms: readonly number[];
}

/** What became of it: no program at all, killed by a case, or neither. */
export type Outcome = { readonly status: 'invalid' | 'survived' } | { readonly status: 'killed'; readonly by: string };

/** Counts the cases that have begun, for the thread that waits. */
const progress = new Int32Array(workerData as SharedArrayBuffer);
const cases = new Map(listCases().map((entry) => [entry.id, entry]));

/** Longer than any case; what hangs without keeping the thread busy ends here. */
const TIMEOUT_MS = 4000;

/** Runs the mutants that are posted to this thread. */
export function serve(load: Import): void {
  parentPort!.on('message', (task: Task) => {
    void outcomeOf(task, load).then((outcome) => parentPort!.postMessage(outcome));
  });
  // What a mutant rejects with where nobody waits for it, or throws from a timer, belongs to the case that runs.
  process.on('unhandledRejection', () => {});
  process.on('uncaughtException', () => {});
  parentPort!.postMessage('ready');
}

async function outcomeOf({ program, file, text, cases: ids }: Task, load: Import): Promise<Outcome> {
  const Driver = await loadProgram(programOf(program), { [file]: text }, load).catch(() => null);
  if (!Driver) return { status: 'invalid' };
  const session = await openSession(
    providerOf(() => new Driver()),
    { seed: DEFAULT_SEED, timeout: TIMEOUT_MS },
  ).catch(() => null);
  if (!session) return { status: 'killed', by: 'create()' };
  try {
    for (const id of ids) {
      Atomics.add(progress, 0, 1);
      const { status } = await session.run(cases.get(id)!);
      if (status === 'fail') return { status: 'killed', by: id };
    }
    return { status: 'survived' };
  } finally {
    await session.close();
  }
}
