import { Worker } from 'node:worker_threads';
import type { Outcome, Task } from './worker.ts';

/** A case that has not come back after this, or after many times what it takes else, is one that never does. */
const STUCK_MS = 6000;
const STUCK_TIMES = 15;
/** Where it is not known how long a case takes. */
const UNKNOWN_MS = 1000;
const POLL_MS = 250;
const MEMORY_MB = 1500;

const script = new URL('../../scripts/mutate-worker.mjs', import.meta.url);

/** A thread that runs one mutant after another, and is replaced where one keeps it. */
export class MutantRunner {
  #worker: Worker | null = null;
  #progress = new Int32Array(new SharedArrayBuffer(4));

  /** @returns what became of the mutant; killed, where a case neither ends nor gives way, or takes all memory */
  async run(task: Task): Promise<Outcome> {
    this.#worker ??= await this.#start();
    const worker = this.#worker;
    const outcome = await this.#outcomeOf(worker, task);
    if (outcome) return outcome;
    const at = Atomics.load(this.#progress, 0) - 1;
    await this.close();
    return { status: 'killed', by: `stuck in ${task.cases[at] ?? 'create()'}` };
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = null;
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(script, {
      workerData: this.#progress.buffer,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
      stdout: true,
      stderr: true,
    });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    // That it ended shows in the next run; an error that nobody hears would end the program.
    worker.on('error', () => {});
    return worker;
  }

  /** Null where it is stuck, or the thread has ended. */
  #outcomeOf(worker: Worker, task: Task): Promise<Outcome | null> {
    return new Promise((resolve) => {
      let seen = -1;
      let since = performance.now();
      const end = (outcome: Outcome | null): void => {
        clearInterval(poll);
        worker.off('message', end).off('error', giveUp).off('exit', giveUp);
        resolve(outcome);
      };
      const giveUp = (): void => end(null);
      const poll = setInterval(() => {
        const now = Atomics.load(this.#progress, 0);
        if (now !== seen) since = performance.now();
        seen = now;
        const usual = task.ms[now - 1] ?? UNKNOWN_MS;
        if (performance.now() - since > Math.max(STUCK_MS, usual * STUCK_TIMES)) end(null);
      }, POLL_MS);
      worker.on('message', end).on('error', giveUp).on('exit', giveUp);
      Atomics.store(this.#progress, 0, 0);
      worker.postMessage(task);
    });
  }
}
