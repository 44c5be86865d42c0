import type { Layout } from '@rmsnorm/core';
import { reciprocalRms, rowsOf } from './rows.ts';

/** dx = r * g - x * r^3 * mean(g * x), with g = dy * gamma; dgamma = the sum of dy * x * r over the rows. In float64. */
export function exactBackward(
  x: Float32Array,
  dy: Float32Array,
  gamma: Float32Array,
  layout: Layout,
  eps: number,
): { dx: Float32Array; dgamma: Float32Array } {
  const { size, inner } = layout;
  const dx = new Float32Array(x.length);
  const dgamma = new Float64Array(gamma.length);
  for (const { first, feature } of rowsOf(layout)) {
    const r = reciprocalRms(x, first, layout, eps);
    let sum = 0;
    for (let k = 0; k < size; k++) {
      const at = first + k * inner;
      sum += x[at]! * dy[at]! * gamma[feature + k]!;
      dgamma[feature + k]! += dy[at]! * x[at]! * r;
    }
    const back = (r ** 3 * sum) / size;
    for (let k = 0; k < size; k++) {
      const at = first + k * inner;
      dx[at] = r * dy[at]! * gamma[feature + k]! - x[at]! * back;
    }
  }
  return { dx, dgamma: new Float32Array(dgamma) };
}
