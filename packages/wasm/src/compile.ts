import type { AbortSignalLike, ErrorCode } from '@rmsnorm/core';
import { decodeText } from './decode-text.ts';
import { DEVICE } from './device.ts';
import type { WasmDriver } from './driver.ts';
import type { Kernels } from './kernels.ts';
import { messageOf } from './message-of.ts';
import type { Room } from './new-memory.ts';
import { type WasmModule, webAssembly } from './web-assembly.ts';

/** A module that runs here. */
export interface Compiled {
  readonly module: WasmModule;
  /** In words. A driver has its own: where workers do not start, it has one thread. */
  readonly device: string;
  /** With threads: makes the driver. The memory must be shared. */
  readonly driverOf?: (kernels: Kernels, room: Room, signal: AbortSignalLike | undefined) => Promise<WasmDriver>;
}

/** Why no module runs here: a code, what was found, and what to do. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint: string;
}

/**
 * A module that runs on one thread.
 * @param given the caller's, or undefined for the inlined one
 * @param device called where there is one
 */
export async function compileOneThread(
  given: WasmModule | undefined,
  device: () => string = () => DEVICE,
): Promise<Compiled | Refusal> {
  const compiled = given ? { module: given } : await compileInlined();
  return 'module' in compiled ? { ...compiled, device: device() } : compiled;
}

/**
 * Compiles the inlined module, or says why this engine cannot.
 * @param edit changes its bytes before they are compiled
 */
export async function compileInlined(
  edit: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): Promise<{ module: WasmModule } | Refusal> {
  const api = webAssembly();
  if (api === undefined) {
    return {
      code: 'WRONG_RUNTIME',
      reason: 'this engine has no WebAssembly',
      hint: 'take reference() of @rmsnorm/core',
    };
  }
  try {
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
