import { type AbortSignalLike, messageOf, throwIfAborted } from '@rmsnorm/core';
import type { WasmMemory, WasmModule } from '../web-assembly.ts';
import { controlBuffer } from './control.ts';
import type { Task } from './messages.ts';
import { stopWorkers } from './protocol.ts';
import { type Started, startWorker } from './start-worker.ts';
import type { WorkerSource } from './worker-source.ts';

/** The workers of a backend, which are ready, and the words through which they are told what to do. */
export interface Team {
  /** The words of control.ts. */
  readonly control: Int32Array;
  /** Ends the workers. May be called twice. */
  stop(): Promise<void>;
}

/** Workers did not start: the message says why. */
export class NoWorkers extends Error {}

/** Resolves when the signal is aborted. */
function whenAborted(signal: AbortSignalLike | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
}

/** What workers work with. */
interface Equipment {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** The address of the chunks' descriptors. */
  readonly chunks: number;
  readonly source: WorkerSource | undefined;
}

/**
 * Starts the workers for `threads` threads, including the calling one.
 * @throws NoWorkers if one does not start; then none is left
 */
export async function startTeam(
  threads: number,
  { module, memory, chunks, source }: Equipment,
  signal: AbortSignalLike | undefined,
): Promise<Team> {
  throwIfAborted(signal);
  const buffer = controlBuffer(threads);
  const control = new Int32Array(buffer);
  const workers: Started[] = [];
  const stop = async (): Promise<void> => {
    stopWorkers(control);
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  };
  try {
    const tasks = Array.from(
      { length: threads - 1 },
      (_, i): Task => ({ module, memory, chunks, control: buffer, thread: i + 1, threads }),
    );
    for (const task of tasks) workers.push(startWorker(task, source));
    await Promise.race([Promise.all(workers.map(({ ready }) => ready)), whenAborted(signal)]);
    throwIfAborted(signal);
  } catch (cause) {
    await stop();
    throwIfAborted(signal);
    const workers = threads > 2 ? `${threads - 1} workers` : '1 worker';
    throw new NoWorkers(`its ${workers} did not start (${messageOf(cause)})`, { cause });
  }
  return { control, stop };
}
