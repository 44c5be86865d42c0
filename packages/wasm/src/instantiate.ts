import { RMSNormError } from '@rmsnorm/core';
import type { Kernels } from './kernels.ts';
import type { WasmMemory, WasmModule } from './web-assembly.ts';
import { webAssembly } from './web-assembly.ts';

// A module compiled from another version's rmsnorm.wasm may take other arguments.
const ARGUMENTS: Readonly<Record<keyof Kernels, number>> = {
  forward: 17,
  scratchBytes: 5,
  operationBytes: 6,
  begin: 15,
  addForward: 5,
  gatedForward: 5,
  backward: 7,
  sumSquares: 2,
  scaleBy: 4,
  forwardQuantized: 4,
};

/**
 * The kernels, on a memory.
 * @throws RMSNormError INVALID_OPTION where the module is not this version's
 */
export async function instantiate(module: WasmModule, memory: WasmMemory): Promise<Kernels> {
  const exports = await exportsOf(module, memory);
  for (const [name, count] of Object.entries(ARGUMENTS)) {
    const found = exports[name];
    if (typeof found !== 'function' || found.length !== count)
      throw wrongModule(`it has no ${name} of ${count} arguments`);
  }
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
