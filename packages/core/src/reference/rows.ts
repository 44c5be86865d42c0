import type { Problem } from '../problem.ts';

/** gamma and beta in float64, one element for each feature; null where there is none. */
export interface WeightValues {
  readonly gamma: Float64Array | null;
  readonly beta: Float64Array | null;
}

/** Rounds a number to the dtype of x: the identity gives the exact values. */
export type Round = (value: number) => number;

/** One row: where it starts in the layout, the step between its elements, its index and that of its first feature. */
export interface Row {
  readonly index: number;
  readonly start: number;
  readonly step: number;
  readonly feature: number;
}

/** Every row of a problem, in [outer, groups, inner]. */
export function* rowsOf({ outer, groups, size, inner }: Problem): Generator<Row> {
  for (let slab = 0; slab < outer * groups; slab++) {
    for (let i = 0; i < inner; i++) {
      const start = slab * size * inner + i;
      yield { index: slab * inner + i, start, step: inner, feature: (slab % groups) * size };
    }
  }
}

/** The sum of squares that enters the statistic of a row; float64 holds the square of every float32. */
export function sumOfSquares(p: Problem, x: Float64Array, { start, step }: Row): number {
  let sum = 0;
  for (let k = 0; k < p.statSize; k++) sum += x[start + k * step]! ** 2;
  return sum;
}

/** r / alpha, from a sum of squares over `count` features. */
export function rstdOf(p: Problem, sum: number, count: number): number {
  return p.epsMode === 'add' ? 1 / Math.sqrt(sum / count + p.eps) : Math.sqrt(count) / Math.max(Math.sqrt(sum), p.eps);
}

/** y of one element: x * r * (weightOffset + gamma) + beta, with x * r rounded first under 'llama'; not rounded. */
export function normalized(
  p: Problem,
  x: number,
  rstd: number,
  feature: number,
  { gamma, beta }: WeightValues,
  round: Round,
): number {
  let y = times(x, p.alpha * rstd);
  if (p.casting === 'llama') y = round(y);
  if (gamma) y *= p.weightOffset + gamma[feature]!;
  if (beta) y += beta[feature]!;
  return y;
}

/** a * b, where a zero stays zero although b is infinite: the denominator of r is 0. */
export function times(a: number, b: number): number {
  return a === 0 && Math.abs(b) === Number.POSITIVE_INFINITY ? a : a * b;
}
