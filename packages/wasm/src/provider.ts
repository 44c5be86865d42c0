import { type BackendProvider, createBackend, type DType, RMSNormError, type SignalOptions } from '@rmsnorm/core';
import { signalOf, throwIfAborted } from '@rmsnorm/core/driver';
import type { Block } from './block.ts';
import { type Compiled, compileInlined, type Refusal } from './compile.ts';
import { DEVICE, WasmDriver } from './driver.ts';
import { ADDRESS_SPACE, Heap, LEAST_BYTES } from './heap.ts';
import { instantiate } from './instantiate.ts';
import { PAGE_BYTES } from './kernels.ts';
import { checkedOptions, type WasmOptions } from './options.ts';
import type { WasmBackend, WasmTensor } from './tensor.ts';
import { type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

/**
 * The WebAssembly backend. It runs wherever WebAssembly has SIMD: in Node, browsers, workers.
 *
 *     const backend = await wasm().create();
 *
 * @throws RMSNormError INVALID_OPTION
 */
export function wasm(options: WasmOptions = {}): BackendProvider<WasmBackend> {
  const { module, maxBytes, threads = 1 } = checkedOptions(options);
  // The module is compiled once for the probe and all backends of this provider.
  let compiled: Promise<Compiled | Refusal> | undefined;
  const compile = (): Promise<Compiled | Refusal> => {
    compiled ??= outcomeOf(threads, module);
    return compiled;
  };
  return {
    name: 'wasm',
    apiVersion: 1,
    probe: async () => {
      const outcome = await compile();
      return 'module' in outcome ? { ok: true, device: outcome.device ?? DEVICE } : { ok: false, ...outcome };
    },
    create: async (given?: SignalOptions): Promise<WasmBackend> => {
      const signal = signalOf(given, "create()'s options");
      throwIfAborted(signal);
      const outcome = await compile();
      throwIfAborted(signal);
      if (!('module' in outcome)) throw new RMSNormError(outcome.code, `${outcome.reason}: ${outcome.hint}`);
      const { driverOf } = outcome;
      const memory = newMemory(maxBytes, !!driverOf);
      const kernels = await instantiate(outcome.module, memory);
      throwIfAborted(signal);
      return createBackend<Block, { readonly [D in DType]: WasmTensor<D> }>(
        driverOf
          ? await driverOf(kernels, memory, maxBytes, signal)
          : new WasmDriver(kernels, new Heap(memory, maxBytes), outcome.device),
      );
    },
  };
}

async function outcomeOf(threads: number, module: WasmModule | undefined): Promise<Compiled | Refusal> {
  if (threads > 1) return (await import('./threads/index.ts')).compileThreaded(threads, module);
  return module ? { module } : compileInlined();
}

/** A small memory, which will grow. */
function newMemory(maxBytes: number = ADDRESS_SPACE, shared: boolean): WasmMemory {
  try {
    return new (webAssembly()!.Memory)({
      initial: LEAST_BYTES / PAGE_BYTES,
      maximum: Math.floor(maxBytes / PAGE_BYTES),
      shared,
    });
  } catch (cause) {
    throw new RMSNormError('OUT_OF_MEMORY', 'the engine has no room for another WebAssembly memory: dispose backends', {
      cause,
    });
  }
}
