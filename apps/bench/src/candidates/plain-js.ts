import type { Layout } from '@rmsnorm/core';
import type { Candidate, Entrant, Unable } from '../candidate.ts';
import type { Workload } from '../workload.ts';

export const plainJs: Entrant = {
  name: 'plain-js',
  does: 'norm',
  about: 'two plain JavaScript loops over the same Float32Arrays, as one would write them by hand',
  async create({ x, gamma, dtype, shape, eps }: Workload): Promise<Candidate | Unable> {
    if (!(x instanceof Float32Array)) return { unable: `JavaScript has no arrays of ${dtype} in Node 20` };
    const y = new Float32Array(x.length);
    const run = (count: number): void => {
      for (let i = 0; i < count; i++) forward(x, gamma, y, shape.layout, eps);
    };
    return { run, result: async () => y, dispose: () => {} };
  },
};

// A function of the module and one for a row, so that the engine compiles them once for all workloads.
function forward(x: Float32Array, gamma: Float32Array, y: Float32Array, layout: Layout, eps: number): void {
  const { outer, groups, size, inner } = layout;
  for (let slab = 0; slab < outer * groups; slab++) {
    for (let i = 0; i < inner; i++) row(x, gamma, y, slab * size * inner + i, (slab % groups) * size, size, inner, eps);
  }
}

function row(
  x: Float32Array,
  gamma: Float32Array,
  y: Float32Array,
  first: number,
  weights: number,
  size: number,
  stride: number,
  eps: number,
): void {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += x[first + k * stride]! ** 2;
  const r = 1 / Math.sqrt(sum / size + eps);
  for (let k = 0; k < size; k++) y[first + k * stride] = x[first + k * stride]! * r * gamma[weights + k]!;
}
