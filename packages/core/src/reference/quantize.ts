import type { Problem } from '../driver/problem.ts';

export interface Quantized {
  readonly q: Int8Array;
  /** [outer, inner]. */
  readonly scales: Float32Array;
}

/**
 * int8 with one float32 scale for each (outer, inner), over all its groups: max|y| / 127 (1 where that is 0), or the
 * one given. A NaN, which no int8 can say, gives q = 0 and, where scales are computed, the scale NaN.
 */
export function quantize({ outer, groups, size, inner }: Problem, y: Float32Array, scale: number | null): Quantized {
  const features = groups * size;
  const q = new Int8Array(y.length);
  const scales = new Float32Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const at = (k: number): number => (o * features + k) * inner + i;
      let max = 0;
      for (let k = 0; k < features; k++) max = Math.max(max, Math.abs(y[at(k)]!));
      const step = Math.fround(scale ?? (max === 0 ? 1 : max / 127));
      scales[o * inner + i] = step;
      for (let k = 0; k < features; k++) q[at(k)] = Math.max(-127, Math.min(127, roundHalfEven(y[at(k)]! / step)));
    }
  }
  return { q, scales };
}

function roundHalfEven(value: number): number {
  const nearest = Math.round(value);
  return Math.abs(value - Math.trunc(value)) === 0.5 ? 2 * Math.round(value / 2) : nearest;
}
