import {
  type BackendProvider,
  createBackend,
  type DType,
  messageOf,
  RMSNormError,
  refuseMore,
  type SignalOptions,
  signalOf,
  throwIfAborted,
} from '@rmsnorm/core';
import type { Block } from './block.ts';
import { type Compiled, compileOneThread, type Refusal } from './compile.ts';
import { oneThreadFor } from './device.ts';
import { checkedOptions, type WasmOptions } from './options.ts';
import type { WasmBackend, WasmTensor } from './tensor.ts';
import { COMPILE } from './threads-option.ts';

/**
 * The WebAssembly backend. It runs wherever WebAssembly has SIMD: in Node, browsers, workers.
 *
 *     const backend = await wasm().create();
 *
 * @throws RMSNormError INVALID_OPTION
 */
export function wasm(options: WasmOptions = {}): BackendProvider<WasmBackend> {
  if (arguments.length > 1) refuseMore(arguments, 1, 'wasm({ threads, maxBytes, module })');
  const { module, maxBytes, threads } = checkedOptions(options);
  // What was compiled serves the probe and all backends of this provider; what failed is tried again.
  let compiled: Promise<Compiled | Refusal> | undefined;
  const compile = async (): Promise<Compiled | Refusal> => {
    try {
      compiled ??= threads ? threads[COMPILE](module) : compileOneThread(module);
      const outcome = await compiled;
      if ('code' in outcome) compiled = undefined;
      return outcome;
    } catch (error) {
      compiled = undefined;
      return compileOneThread(module, threads && (() => oneThreadFor(threads.count, messageOf(error))));
    }
  };
  return {
    name: 'wasm',
    apiVersion: 1,
    probe: async () => {
      const outcome = await compile();
      return 'code' in outcome ? { ok: false, ...outcome } : { ok: true, device: outcome.device };
    },
    async create(given?: SignalOptions): Promise<WasmBackend> {
      if (arguments.length > 1) refuseMore(arguments, 1, 'create({ signal })');
      const signal = signalOf(given, "create()'s options");
      throwIfAborted(signal);
      const outcome = await compile();
      throwIfAborted(signal);
      if ('code' in outcome) throw new RMSNormError(outcome.code, `${outcome.reason}: ${outcome.hint}`);
      const driver = await outcome.driver(maxBytes, signal);
      return createBackend<Block, { readonly [D in DType]: WasmTensor<D> }>(driver);
    },
  };
}
