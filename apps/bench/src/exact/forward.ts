import type { Layout } from '@rmsnorm/core';
import { reciprocalRms, rowsOf } from './rows.ts';

/** y = x / sqrt(mean(x^2) + eps) * gamma in float64, rounded to float32 at the end. */
export function exactForward(x: Float32Array, gamma: Float32Array, layout: Layout, eps: number): Float32Array {
  const { size, inner } = layout;
  const y = new Float32Array(x.length);
  for (const { first, feature } of rowsOf(layout)) {
    const r = reciprocalRms(x, first, layout, eps);
    for (let k = 0; k < size; k++) y[first + k * inner] = x[first + k * inner]! * r * gamma[feature + k]!;
  }
  return y;
}
