import type { Layout } from '@rmsnorm/core';

/** scale = max|y| / 127 of each (outer, inner) over all its groups, or 1 where y is 0; q = y / scale, not yet rounded. */
export function exactQuantized(
  y: Float32Array,
  { outer, groups, size, inner }: Layout,
): { q: Float32Array; scales: Float32Array } {
  const features = groups * size;
  const q = new Float32Array(y.length);
  const scales = new Float32Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const first = o * features * inner + i;
      let largest = 0;
      for (let k = 0; k < features; k++) largest = Math.max(largest, Math.abs(y[first + k * inner]!));
      const scale = largest === 0 ? 1 : largest / 127;
      for (let k = 0; k < features; k++) q[first + k * inner] = y[first + k * inner]! / scale;
      scales[o * inner + i] = scale;
    }
  }
  return { q, scales };
}
