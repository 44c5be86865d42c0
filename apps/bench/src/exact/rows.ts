import type { Layout } from '@rmsnorm/core';

/** Where one row is. Its element k has index `first + k * inner` in x, and `feature + k` in gamma. */
export interface Row {
  readonly index: number;
  readonly first: number;
  readonly feature: number;
}

/** Every row of a layout, in the order of rstd: outer, groups, inner. */
export function* rowsOf({ outer, groups, size, inner }: Layout): Generator<Row> {
  let index = 0;
  for (let slab = 0; slab < outer * groups; slab++) {
    for (let i = 0; i < inner; i++, index++) {
      yield { index, first: slab * size * inner + i, feature: (slab % groups) * size };
    }
  }
}

/** 1 / sqrt(mean of squares + eps). */
export function reciprocalRms(x: Float32Array, first: number, { size, inner }: Layout, eps: number): number {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += x[first + k * inner]! ** 2;
  return 1 / Math.sqrt(sum / size + eps);
}
