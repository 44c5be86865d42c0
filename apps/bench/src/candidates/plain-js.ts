import type { Candidate, Entrant, Unable } from '../candidate.ts';
import type { Workload } from '../workload.ts';

export const plainJs: Entrant = {
  name: 'plain-js',
  does: 'norm',
  about: 'two plain JavaScript loops over the same Float32Arrays, as one would write them by hand',
  async create({ x, gamma, dtype, shape, eps }: Workload): Promise<Candidate | Unable> {
    if (!(x instanceof Float32Array)) return { unable: `JavaScript has no arrays of ${dtype} in Node 20` };
    const { outer, groups, size, inner } = shape.layout;
    const y = new Float32Array(x.length);
    const forward = (): void => {
      for (let slab = 0; slab < outer * groups; slab++) {
        const weights = (slab % groups) * size;
        for (let i = 0; i < inner; i++) {
          const first = slab * size * inner + i;
          const end = first + size * inner;
          let sum = 0;
          for (let k = first; k < end; k += inner) sum += x[k]! * x[k]!;
          const r = 1 / Math.sqrt(sum / size + eps);
          for (let k = first, w = weights; k < end; k += inner, w++) y[k] = x[k]! * r * gamma[w]!;
        }
      }
    };
    const run = (count: number): void => {
      for (let i = 0; i < count; i++) forward();
    };
    return { run, result: async () => y, dispose: () => {} };
  },
};
