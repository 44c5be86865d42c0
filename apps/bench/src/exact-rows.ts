import type { FloatDType, Layout } from '@rmsnorm/core';
import { decoded } from './decoded.ts';

/** y = x / sqrt(mean(x^2) + eps) * gamma in float64, rounded to float32 at the end. */
export function exactRows(
  data: Float32Array | Uint16Array,
  dtype: FloatDType,
  gamma: Float32Array,
  { outer, groups, size, inner }: Layout,
  eps: number,
): Float32Array {
  const x = decoded(data, dtype);
  const y = new Float32Array(x.length);
  for (let slab = 0; slab < outer * groups; slab++) {
    const weights = (slab % groups) * size;
    for (let i = 0; i < inner; i++) {
      const first = slab * size * inner + i;
      let sum = 0;
      for (let k = 0; k < size; k++) sum += x[first + k * inner]! ** 2;
      const r = 1 / Math.sqrt(sum / size + eps);
      for (let k = 0; k < size; k++) y[first + k * inner] = x[first + k * inner]! * r * gamma[weights + k]!;
    }
  }
  return y;
}
