import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Run } from '../method/stopwatch.ts';

const FLOAT32 = 0;

/** forward of one row of `dim` features by the kernel module itself, called as packages/wasm/src/kernels.ts calls it. */
export async function bareKernel(dim: number): Promise<Run> {
  const code = await readFile(fileURLToPath(import.meta.resolve('@rmsnorm/wasm/rmsnorm.wasm')));
  const memory = new WebAssembly.Memory({ initial: 2 });
  const { instance } = await WebAssembly.instantiate(code, { env: { memory } });
  const { forward, scratchBytes } = instance.exports as Record<string, (...args: number[]) => number>;
  const x = 1024;
  const gamma = x + dim * 4;
  const y = gamma + dim * 4;
  const scratch = y + dim * 4;
  if (scratch + scratchBytes!(FLOAT32, 1, dim, 1, 0) > memory.buffer.byteLength)
    throw new Error('scratch is too large');
  new Float32Array(memory.buffer, x, 2 * dim).fill(1);
  return (count) => {
    for (let i = 0; i < count; i++) {
      forward!(FLOAT32, x, gamma, 0, y, 0, scratch, 1, 1, dim, 1, dim, 1e-6, 0, 1, 0, 0);
    }
  };
}
