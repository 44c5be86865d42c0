import { RMSNormError } from '@rmsnorm/core';
import { LAYOUT } from './generated/descriptor/index.ts';
import type { Kernels } from './kernels.ts';
import type { WasmMemory, WasmModule } from './web-assembly.ts';
import { webAssembly } from './web-assembly.ts';

/**
 * The kernels, on a memory.
 * @throws RMSNormError INVALID_OPTION where the module is not this version's
 */
export async function instantiate(module: WasmModule, memory: WasmMemory): Promise<Kernels> {
  const exports = await exportsOf(module, memory);
  // What was compiled from another version's rmsnorm.wasm may have other fields in its descriptors.
  const layout = (exports.layout as { readonly value: unknown } | undefined)?.value;
  if (layout !== LAYOUT) throw wrongModule(`its layout is ${layout}, not ${LAYOUT}`);
  return exports as unknown as Kernels;
}

async function exportsOf(module: WasmModule, memory: WasmMemory): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await webAssembly()!.instantiate(module, { env: { memory } })).exports;
  } catch (cause) {
    throw wrongModule(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function wrongModule(why: string, cause?: unknown): RMSNormError {
  return new RMSNormError(
    'INVALID_OPTION',
    `the module is not rmsnorm.wasm of this version of @rmsnorm/wasm: ${why}; compile @rmsnorm/wasm/rmsnorm.wasm, or for threads rmsnorm-shared.wasm`,
    { cause },
  );
}
