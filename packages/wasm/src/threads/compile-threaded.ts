import { type AbortSignalLike, messageOf } from '@rmsnorm/core';
import { type Compiled, compileInlined, compileOneThread, type Refusal } from '../compile.ts';
import { oneThreadFor } from '../device.ts';
import { WasmDriver } from '../driver.ts';
import { instantiate } from '../instantiate.ts';
import { newMemory, type Room } from '../new-memory.ts';
import type { WasmModule } from '../web-assembly.ts';
import { whyNoThreads } from './host.ts';
import { SharedHeap } from './shared-heap.ts';
import { withSharedMemory } from './shared-module.ts';
import { startDriver } from './start-driver.ts';
import { NoWorkers } from './start-team.ts';
import type { WorkerSource } from './worker-source.ts';

const HOW_TO_START_WORKERS =
  ": a Content-Security-Policy must allow it (worker-src 'self', or blob: where a bundler left the script out), and Trusted Types the policy 'rmsnorm'; or hand in threads(n, { worker }), on @rmsnorm/wasm/worker.js. Node's permissions need --allow-worker";

/**
 * What a provider with more than one thread runs: the module on shared memory, and workers. Where there can be none, it is
 * one thread; a warning says so, once, and so does the name of the device.
 * @param given a module of the caller, for shared memory, or undefined for the inlined one
 * @param source where workers come from, if the caller says so
 * @throws Error why there are no threads, for now
 */
export async function compileThreaded(
  threads: number,
  given: WasmModule | undefined,
  source: WorkerSource | undefined,
): Promise<Compiled | Refusal> {
  if (threads === 1) return compileOneThread(given);
  const none = whyNoThreads();
  if (none) return compileOneThread(given, () => oneThreadFor(threads, none.why, none.hint));
  const compiled = given ? { module: given } : await compileInlined(withSharedMemory);
  if ('code' in compiled) throw new Error(compiled.reason);
  const { module } = compiled;
  const device = `WebAssembly SIMD, ${threads} threads`;
  return {
    device,
    driver: async (maxBytes, signal) => {
      let room: Room;
      try {
        room = newMemory(maxBytes, true);
      } catch (error) {
        // A module of the caller's runs on shared memory alone.
        if (given) throw error;
        return driverWithoutSharing(error, threads, maxBytes, signal);
      }
      const kernels = await instantiate(module, room.memory);
      try {
        return await startDriver(
          device,
          threads,
          { module, kernels, ...room },
          {
            signal,
            maySleep: mayWait(),
            source,
          },
        );
      } catch (error) {
        if (!(error instanceof NoWorkers)) throw error;
        // A new heap does not know the blocks of the threads, of which nothing is left.
        const heap = new SharedHeap(room.memory, room.limit, room.limitedBy);
        return new WasmDriver(kernels, heap, oneThreadFor(threads, error.message, HOW_TO_START_WORKERS));
      }
    },
  };
}

/** One thread, on a memory that is not shared. */
async function driverWithoutSharing(
  error: unknown,
  threads: number,
  maxBytes: number | undefined,
  signal: AbortSignalLike | undefined,
): Promise<WasmDriver> {
  const why = `the engine refused a shared memory (${messageOf((error as Error).cause)})`;
  const alone = await compileOneThread(undefined, () => oneThreadFor(threads, why));
  if ('code' in alone) throw error;
  return alone.driver(maxBytes, signal);
}

/** Whether this thread may sleep. The main thread of a page must not. */
function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
}
