import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { type CopyModule, copyModule } from './candidates/heap-copy.ts';
import { calibrate, type Run } from './method/calibrate.ts';
import { interleave } from './method/interleave.ts';
import type { Method } from './method/method.ts';
import { quartiles, ratioQuartiles } from './method/statistics.ts';
import type { OverheadResult } from './results.ts';

/** One row each: so few features that little but the call is left, and as many as a hidden state has. */
const DIMS = [64, 4096];
const FLOAT32 = 0;

/** What `norm.forward(x, out)` costs beyond a bare call of the same kernel, and how fast that is over copies of its bytes. */
export async function measureOverhead(method: Method): Promise<OverheadResult[]> {
  const measured = [];
  for (const dim of DIMS) measured.push(await measureAt(dim, method));
  return measured;
}

async function measureAt(dim: number, { rounds, leastMs, warmUpMs }: Method): Promise<OverheadResult> {
  const backend = await wasm().create();
  try {
    const norm = new RMSNorm({ dim, axis: -1 });
    const x = backend.tensor(new Float32Array(dim).fill(1), [1, dim]);
    const out = backend.empty([1, dim]);
    const forward: Run = (count) => {
      for (let i = 0; i < count; i++) norm.forward(x, out);
    };
    const timed = [];
    for (const run of [forward, await bareKernel(dim), await copyOf(dim, 'plainCopy'), await copyOf(dim, 'simdCopy')]) {
      timed.push({ run, count: await calibrate(run, leastMs, warmUpMs) });
    }
    // All take part in every round.
    const [forwards, kernels, plain, simd] = (await interleave(timed, { rounds, leastMs })) as [
      number[],
      number[],
      number[],
      number[],
    ];
    return {
      shape: `1x${dim}`,
      forwardNanoseconds: quartiles(forwards),
      kernelNanoseconds: quartiles(kernels),
      overheadNanoseconds: quartiles(forwards.map((ns, round) => ns - kernels[round]!)),
      kernelOverPlainCopy: ratioQuartiles(plain, kernels),
      kernelOverSimdCopy: ratioQuartiles(simd, kernels),
    };
  } finally {
    await backend.dispose();
  }
}

/** The kernel module by itself, as packages/wasm/src/kernels.ts describes it. */
async function bareKernel(dim: number): Promise<Run> {
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

/** A copy of as many bytes as the kernel's x and y, in a memory of its own. */
async function copyOf(dim: number, loop: keyof CopyModule): Promise<Run> {
  const copy = (await copyModule(new WebAssembly.Memory({ initial: 2 })))[loop];
  return (count) => {
    for (let i = 0; i < count; i++) copy(1024 + dim * 4, 1024, dim * 4);
  };
}
