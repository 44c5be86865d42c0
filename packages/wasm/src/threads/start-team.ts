import { type AbortSignalLike, RMSNormError } from '@rmsnorm/core';
import type { WasmMemory, WasmModule } from '../web-assembly.ts';
import { controlBuffer } from './control.ts';
import type { Task } from './messages.ts';
import { stopWorkers } from './protocol.ts';
import { type Started, startWorker } from './start-worker.ts';

/** The workers of a backend, which are ready, and the words through which they are told what to do. */
export interface Team {
  /** The words of control.ts. */
  readonly control: Int32Array;
  /** Ends the workers. May be called twice. */
  stop(): Promise<void>;
}

/** Resolves when the signal is aborted. */
function whenAborted(signal: AbortSignalLike | undefined): Promise<void> {
  return new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
}

/**
 * Starts the workers for `threads` threads, including the calling one.
 * @param chunks the address of the chunks' descriptors
 * @throws RMSNormError WRONG_RUNTIME if one does not start; then none is left
 */
export async function startTeam(
  threads: number,
  module: WasmModule,
  memory: WasmMemory,
  chunks: number,
  signal: AbortSignalLike | undefined,
): Promise<Team> {
  if (signal?.aborted) throw signal.reason;
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
    for (const task of tasks) workers.push(startWorker(task));
    await Promise.race([Promise.all(workers.map(({ ready }) => ready)), whenAborted(signal)]);
    if (signal?.aborted) throw signal.reason;
  } catch (cause) {
    await stop();
    if (signal?.aborted) throw signal.reason;
    throw new RMSNormError(
      'WRONG_RUNTIME',
      `the ${threads - 1} worker${threads > 2 ? 's' : ''} of wasm({ threads: ${threads} }) did not start (${cause instanceof Error ? cause.message : String(cause)}): generated/worker.js of @rmsnorm/wasm must be loadable, from where a page's Content-Security-Policy allows workers and with its Cross-Origin-Embedder-Policy (Vite's dev server: optimizeDeps.exclude); Node's permissions need --allow-worker; or leave threads out`,
      { cause },
    );
  }
  return { control, stop };
}
