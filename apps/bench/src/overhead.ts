import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { calibrate, type Run } from './method/calibrate.ts';
import { interleave } from './method/interleave.ts';
import type { Method } from './method/method.ts';
import { quartiles } from './method/statistics.ts';
import type { OverheadResult } from './results.ts';

const DIM = 64;
const FLOAT32 = 0;

/** What `norm.forward(x, out)` costs beyond a bare call of the same kernel: one row of 64, so that little else is left. */
export async function measureOverhead({ rounds, leastMs, warmUpMs }: Method): Promise<OverheadResult> {
  const backend = await wasm().create();
  try {
    const norm = new RMSNorm({ dim: DIM, axis: -1 });
    const x = backend.tensor(new Float32Array(DIM).fill(1), [1, DIM]);
    const out = backend.empty([1, DIM]);
    const forward: Run = (count) => {
      for (let i = 0; i < count; i++) norm.forward(x, out);
    };
    const kernel = await bareKernel();
    const timed = [];
    for (const run of [forward, kernel]) timed.push({ run, count: await calibrate(run, leastMs, warmUpMs) });
    const [forwards, kernels] = (await interleave(timed, { rounds, leastMs })) as [number[], number[]]; // both in every round
    return {
      shape: `1x${DIM}`,
      forwardNanoseconds: quartiles(forwards),
      kernelNanoseconds: quartiles(kernels),
      overheadNanoseconds: quartiles(forwards.map((ns, round) => ns - kernels[round]!)),
    };
  } finally {
    await backend.dispose();
  }
}

/** The kernel module by itself, as packages/wasm/src/kernels.ts describes it. */
async function bareKernel(): Promise<Run> {
  const code = await readFile(fileURLToPath(import.meta.resolve('@rmsnorm/wasm/rmsnorm.wasm')));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance } = await WebAssembly.instantiate(code, { env: { memory } });
  const { forward, scratchBytes } = instance.exports as Record<string, (...args: number[]) => number>;
  const x = 1024;
  const gamma = x + DIM * 4;
  const y = gamma + DIM * 4;
  const scratch = y + DIM * 4;
  if (scratch + scratchBytes!(FLOAT32, 1, DIM, 1, 0) > memory.buffer.byteLength)
    throw new Error('scratch is too large');
  new Float32Array(memory.buffer, x, 2 * DIM).fill(1);
  return (count) => {
    for (let i = 0; i < count; i++) {
      forward!(FLOAT32, x, gamma, 0, y, 0, scratch, 1, 1, DIM, 1, DIM, 1e-6, 0, 1, 0, 0);
    }
  };
}
