import { messageOf, RMSNormError } from '@rmsnorm/core';
import { LAYOUT } from './generated/descriptor/index.ts';
import type { Kernels } from './kernels.ts';
import type { WasmMemory, WasmModule } from './web-assembly.ts';
import { webAssembly } from './web-assembly.ts';

/**
 * Instantiates the kernels on a memory.
 * @throws RMSNormError INVALID_OPTION if the module is not of this version
 */
export async function instantiate(module: WasmModule, memory: WasmMemory): Promise<Kernels> {
  const exports = await exportsOf(module, memory);
  // The rmsnorm.wasm of another version may expect other fields in descriptors.
  const layoutHash = (exports.layoutHash as { readonly value: unknown } | undefined)?.value;
  if (layoutHash !== LAYOUT) throw wrongModule(`its layout is ${layoutHash}, not ${LAYOUT}`);
  return exports as unknown as Kernels;
}

async function exportsOf(module: WasmModule, memory: WasmMemory): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await webAssembly()!.instantiate(module, { env: { memory } })).exports;
  } catch (cause) {
    throw wrongModule(messageOf(cause), cause);
  }
}

function wrongModule(why: string, cause?: unknown): RMSNormError {
  return new RMSNormError(
    'INVALID_OPTION',
    `the module is not rmsnorm.wasm of this version of @rmsnorm/wasm: ${why}; compile @rmsnorm/wasm/rmsnorm.wasm, or for threads rmsnorm-shared.wasm`,
    { cause },
  );
}
