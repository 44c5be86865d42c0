import type { Problem } from '../problem.ts';

/** Elements in float64, in the layout of the problem; null where there is none. */
export interface ForwardValues {
  readonly x: Float64Array;
  readonly gamma: Float64Array | null;
  readonly beta: Float64Array | null;
}

/** Rounds a number to the dtype of x. */
export type Round = (value: number) => number;

/**
 * The specification of forward, as code: float64 holds the squares of all float32 values, so that nothing overflows
 * or underflows on the way, and rounds only where the options say so.
 * @param round rounds to the dtype of x: the identity gives the exact values
 * @param each receives every element of y by its index in the layout
 * @param statistic receives r / alpha of every row, in [outer, groups, inner]
 */
export function forwardRows(
  p: Problem,
  { x, gamma, beta }: ForwardValues,
  round: Round,
  each: (index: number, y: number) => void,
  statistic: (row: number, rstd: number) => void,
): void {
  for (let slab = 0; slab < p.outer * p.groups; slab++) {
    const features = (slab % p.groups) * p.size;
    for (let i = 0; i < p.inner; i++) {
      const start = slab * p.size * p.inner + i;
      const rstd = statisticOf(p, x, start);
      statistic(slab * p.inner + i, rstd);
      for (let k = 0; k < p.size; k++) {
        const index = start + k * p.inner;
        let y = times(x[index]!, p.alpha * rstd);
        if (p.casting === 'llama') y = round(y);
        if (gamma) y *= p.weightOffset + gamma[features + k]!;
        if (beta) y += beta[features + k]!;
        each(index, round(y));
      }
    }
  }
}

/** r / alpha of the row that starts at `start`. */
function statisticOf(p: Problem, x: Float64Array, start: number): number {
  let sum = 0;
  for (let k = 0; k < p.statSize; k++) sum += x[start + k * p.inner]! ** 2;
  return p.epsMode === 'add'
    ? 1 / Math.sqrt(sum / p.statSize + p.eps)
    : Math.sqrt(p.size) / Math.max(Math.sqrt(sum), p.eps);
}

/** x * r, where a zero stays zero although the denominator of r is 0. */
function times(x: number, r: number): number {
  return x === 0 && Math.abs(r) === Number.POSITIVE_INFINITY ? x : x * r;
}
