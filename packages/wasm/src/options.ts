import { type Form, keysOf, RMSNormError, readKeys, show, tagOf } from '@rmsnorm/core';
import { ADDRESS_SPACE, LEAST_BYTES } from './heap.ts';
import { COMPILE, type CompileThreaded, isThreads, type Threads } from './threads-option.ts';
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
   * `threads(2)` of `@rmsnorm/wasm/threads`: threads that share the work of large calls. By default there is one. More need
   * shared memory, which Node has, and pages that are cross-origin isolated. Elsewhere one thread is used.
   */
  readonly threads?: Threads | undefined;
}

interface CheckedOptions extends WasmOptions {
  readonly threads: (Threads & { readonly [COMPILE]: CompileThreaded }) | undefined;
}

const FORM: Form = {
  name: "wasm()'s options",
  keys: keysOf<WasmOptions>({ module: true, maxBytes: true, threads: true }),
};

/**
 * Checks the options and copies them.
 * @throws RMSNormError INVALID_OPTION
 */
export function checkedOptions(options: WasmOptions): CheckedOptions {
  const { module, maxBytes, threads } = readKeys(options, FORM);
  // By name: `instanceof` would fail for a module of another realm.
  if (module !== undefined && tagOf(module) !== 'WebAssembly.Module') {
    throw invalid(
      `module must be a WebAssembly.Module, got ${show(module)}: await WebAssembly.compile(bytes) gives one`,
    );
  }
  if (
    maxBytes !== undefined &&
    !(Number.isSafeInteger(maxBytes) && maxBytes >= LEAST_BYTES && maxBytes <= ADDRESS_SPACE)
  ) {
    throw invalid(`maxBytes must be an integer from ${LEAST_BYTES} to ${ADDRESS_SPACE}, got ${show(maxBytes)}`);
  }
  if (threads !== undefined && !isThreads(threads)) {
    throw invalid(
      `threads must be what threads() of '@rmsnorm/wasm/threads' gives, such as threads(2), got ${show(threads)}`,
    );
  }
  return { module, maxBytes, threads };
}

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
