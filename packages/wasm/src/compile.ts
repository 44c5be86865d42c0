import { type AbortSignalLike, type ErrorCode, messageOf, throwIfAborted } from '@rmsnorm/core';
import { decodeText } from './decode-text.ts';
import { DEVICE } from './device.ts';
import { WasmDriver } from './driver.ts';
import { Heap } from './heap.ts';
import { instantiate } from './instantiate.ts';
import { newMemory } from './new-memory.ts';
import { type WasmModule, webAssembly } from './web-assembly.ts';

/** What runs here. */
export interface Compiled {
  /** In words. A driver has its own: where workers do not start, it has one thread. */
  readonly device: string;
  /**
   * Makes a driver, on a memory of its own.
   * @throws RMSNormError OUT_OF_MEMORY, INVALID_OPTION for a module that is not ours; the signal's reason
   */
  readonly driver: (maxBytes: number | undefined, signal: AbortSignalLike | undefined) => Promise<WasmDriver>;
}

/** Why no module runs here: a code, what was found, and what to do. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint: string;
}

/**
 * What runs on one thread.
 * @param given a module of the caller, or undefined for the inlined one
 * @param deviceOf called where there is one
 */
export async function compileOneThread(
  given: WasmModule | undefined,
  deviceOf: () => string = () => DEVICE,
): Promise<Compiled | Refusal> {
  const compiled = given ? { module: given } : await compileInlined();
  if ('code' in compiled) return compiled;
  const device = deviceOf();
  return {
    device,
    driver: async (maxBytes, signal) => {
      const { memory, limit, limitedBy } = newMemory(maxBytes, false);
      const kernels = await instantiate(compiled.module, memory);
      throwIfAborted(signal);
      return new WasmDriver(kernels, new Heap(memory, limit, limitedBy), device);
    },
  };
}

/**
 * Compiles the inlined module, or says why this engine cannot.
 * @param edit changes its bytes before they are compiled
 */
export async function compileInlined(
  edit: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): Promise<{ module: WasmModule } | Refusal> {
  try {
    const api = webAssembly();
    if (!api) {
      return {
        code: 'WRONG_RUNTIME',
        reason: 'this engine has no WebAssembly',
        hint: 'take reference() of @rmsnorm/core',
      };
    }
    const bytes = decodeText();
    if (!api.validate(bytes)) {
      return {
        code: 'NO_SIMD',
        reason: 'this engine has no WebAssembly SIMD',
        hint: 'Chrome 91, Firefox 89, Safari 16.4 and Node 16.4 are the first that have; or take reference() of @rmsnorm/core',
      };
    }
    return { module: await api.compile(edit(bytes)) };
  } catch (error) {
    return {
      code: 'WRONG_RUNTIME',
      reason: `compiling WebAssembly was refused (${messageOf(error)})`,
      hint: "allow script-src 'wasm-unsafe-eval' in the page's Content-Security-Policy, or hand in wasm({ module })",
    };
  }
}
