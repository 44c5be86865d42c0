import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { type CopyModule, copyModule } from '../candidates/heap-copy.ts';
import { calibrate } from '../method/calibrate.ts';
import { interleave } from '../method/interleave.ts';
import type { Method } from '../method/method.ts';
import { quartiles, ratioQuartiles } from '../method/statistics.ts';
import { type Run, wallClock } from '../method/stopwatch.ts';
import type { OverheadResult } from '../results.ts';
import { bareKernel } from './bare-kernel.ts';

/** Rows of so few features that little but the call is left, and of as many as a hidden state has. */
const DIMS = [64, 4096];

/**
 * What `norm.forward(x, out)` on one row costs beyond its kernel, and how fast that kernel is over copies of its bytes.
 */
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
      const stopwatch = wallClock(run);
      timed.push({ stopwatch, count: await calibrate(stopwatch, { leastMs, warmUpMs }) });
    }
    const { nanoseconds } = await interleave(timed, { rounds, leastMs });
    // All take part in every round: none is null.
    const [forwards, kernels, plain, simd] = nanoseconds as [number[], number[], number[], number[]];
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

/** A copy of as many bytes as the kernel's x and y, in a memory of its own. */
async function copyOf(dim: number, loop: keyof CopyModule): Promise<Run> {
  const copy = (await copyModule(new WebAssembly.Memory({ initial: 2 })))[loop];
  return (count) => {
    for (let i = 0; i < count; i++) copy(1024 + dim * 4, 1024, dim * 4);
  };
}
