import { type AbortSignalLike, type Backend, type BackendProvider, createBackend, RMSNormError } from '@rmsnorm/core';
import { type Compiled, compileOneThread, type Refusal } from './compile.ts';
import { oneThreadFor } from './device.ts';
import { WasmDriver } from './driver.ts';
import { Heap } from './heap.ts';
import { instantiate } from './instantiate.ts';
import { messageOf } from './message-of.ts';
import { newMemory } from './new-memory.ts';
import { checkedOptions, type WasmOptions } from './options.ts';
import type { WasmModule } from './web-assembly.ts';

/**
 * The WebAssembly backend. It runs wherever WebAssembly has SIMD: in Node, browsers, workers.
 *
 *     const backend = await wasm().create();
 *
 * @throws RMSNormError INVALID_OPTION
 */
export function wasm(options: WasmOptions = {}): BackendProvider {
  const { module, maxBytes, threads = 1 } = checkedOptions(options);
  // What was compiled serves the probe and all backends of this provider; what failed is tried again.
  let compiled: Promise<Compiled | Refusal> | undefined;
  const compile = async (): Promise<Compiled | Refusal> => {
    try {
      compiled ??= outcomeOf(threads, module);
      const outcome = await compiled;
      if ('code' in outcome) compiled = undefined;
      return outcome;
    } catch (error) {
      compiled = undefined;
      const why = `the code for threads was not loaded (${messageOf(error)})`;
      return compileOneThread(module, () => oneThreadFor(threads, why));
    }
  };
  return {
    name: 'wasm',
    apiVersion: 1,
    probe: async () => {
      const outcome = await compile();
      return 'code' in outcome ? { ok: false, ...outcome } : { ok: true, device: outcome.device };
    },
    create: async ({ signal }: { signal?: AbortSignalLike } = {}): Promise<Backend> => {
      throwIfAborted(signal);
      const outcome = await compile();
      throwIfAborted(signal);
      if ('code' in outcome) throw new RMSNormError(outcome.code, `${outcome.reason}: ${outcome.hint}`);
      const { driverOf, device } = outcome;
      const room = newMemory(maxBytes, !!driverOf);
      const kernels = await instantiate(outcome.module, room.memory);
      throwIfAborted(signal);
      return createBackend(
        driverOf
          ? await driverOf(kernels, room, signal)
          : new WasmDriver(kernels, new Heap(room.memory, room.limit, room.limitedBy), device),
      );
    },
  };
}

/** Rejects where import() does: service workers and worklets forbid it, and a file may be missing. */
async function outcomeOf(threads: number, module: WasmModule | undefined): Promise<Compiled | Refusal> {
  if (threads > 1) return (await import('./threads/index.ts')).compileThreaded(threads, module);
  return compileOneThread(module);
}

function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted) throw signal.reason;
}
