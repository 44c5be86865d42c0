import { type Form, keysOf, RMSNormError, readKeys, show, tagOf } from '@rmsnorm/core';
import { ADDRESS_SPACE, LEAST_BYTES } from './heap.ts';
import type { WasmModule } from './web-assembly.ts';

export interface WasmOptions {
  /**
   * `rmsnorm.wasm` of this package as a compiled `WebAssembly.Module`: for hosts that forbid compiling from bytes, or to
   * compile once for many workers. By default the module that is inlined in the package is compiled.
   */
  readonly module?: WasmModule | undefined;
  /**
   * How many bytes the WebAssembly memory may have: at least 1 MiB, rounded down to 64 KiB. By default 4 GiB, the most
   * that is possible.
   */
  readonly maxBytes?: number | undefined;
  /**
   * How many threads share the work of large calls, including the calling one: 1 to 64, by default 1. More than 1 need
   * shared memory, which Node has, and pages that are cross-origin isolated. Elsewhere one thread is used.
   */
  readonly threads?: number | undefined;
}

const FORM: Form = {
  name: "wasm()'s options",
  keys: keysOf<WasmOptions>({ module: true, maxBytes: true, threads: true }),
};

/**
 * Checks the options and copies them.
 * @throws RMSNormError INVALID_OPTION
 */
export function checkedOptions(options: WasmOptions): WasmOptions {
  const { module, maxBytes, threads } = readKeys(options, FORM);
  // By name: `instanceof` would fail for a module of another realm.
  if (module !== undefined && tagOf(module) !== 'WebAssembly.Module') {
    throw invalid(
      `module must be a WebAssembly.Module, got ${show(module)}: await WebAssembly.compile(bytes) gives one`,
    );
  }
  checkInteger('maxBytes', maxBytes, LEAST_BYTES, ADDRESS_SPACE);
  checkInteger('threads', threads, 1, 64);
  return { module, maxBytes, threads };
}

function checkInteger(name: string, value: number | undefined, least: number, most: number): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= least && value <= most)) {
    throw invalid(`${name} must be an integer from ${least} to ${most}, got ${show(value)}`);
  }
}

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
