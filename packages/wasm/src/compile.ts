import type { AbortSignalLike, ErrorCode } from '@rmsnorm/core';
import { decodeText } from './decode-text.ts';
import type { WasmDriver } from './driver.ts';
import { WASM_TEXT } from './generated/wasm-text.ts';
import type { Kernels } from './kernels.ts';
import { type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

/** A module that runs here. */
export interface Compiled {
  readonly module: WasmModule;
  /** Where it is not one thread, as it is by default. */
  readonly device?: string;
  /** Where there are threads, and the memory is to be shared: the driver of kernels on it. */
  readonly driverOf?: (
    kernels: Kernels,
    memory: WasmMemory,
    maxBytes: number | undefined,
    signal: AbortSignalLike | undefined,
  ) => Promise<WasmDriver>;
}

/** Why there is no module: a code, what was found, and what to do. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint: string;
}

// One function without arguments: i32.const 0, i8x16.splat, end; its result is a v128.
const SIMD_MODULE: readonly number[] = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b],
];

/**
 * The inlined module, compiled, or why this engine does not.
 * @param edit changes its bytes before
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
  if (!api.validate(Uint8Array.from(SIMD_MODULE))) {
    return {
      code: 'NO_SIMD',
      reason: 'this engine has no WebAssembly SIMD',
      hint: 'Chrome 91, Firefox 89, Safari 16.4 and Node 16.4 are the first that have; elsewhere take reference() of @rmsnorm/core',
    };
  }
  try {
    return { module: await api.compile(edit(decodeText(WASM_TEXT))) };
  } catch (error) {
    return {
      code: 'WRONG_RUNTIME',
      reason: `compiling WebAssembly was refused (${error instanceof Error ? error.message : String(error)})`,
      hint: "let the page's Content-Security-Policy allow script-src 'wasm-unsafe-eval', or hand in a compiled module: wasm({ module })",
    };
  }
}
