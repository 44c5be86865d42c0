import type { Problem } from '../driver/problem.ts';
import { unreachable } from '../values/unreachable.ts';

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
export function sumOfSquares({ statSize }: Problem, x: Float64Array, { start, step }: Row): number {
  let sum = 0;
  for (let k = 0; k < statSize; k++) sum += x[start + k * step]! ** 2;
  return sum;
}

/** y of one element: x * r * (weightOffset + gamma) + beta, not rounded. */
export function normalized(
  problem: Problem,
  x: number,
  rstd: number,
  feature: number,
  { gamma, beta }: WeightValues,
  round: Round,
): number {
  let y = cast(problem, times(x, problem.alpha * rstd), round);
  if (gamma) y *= problem.weightOffset + gamma[feature]!;
  if (beta) y += beta[feature]!;
  return y;
}

/** x * r as gamma multiplies it. */
function cast({ casting }: Problem, value: number, round: Round): number {
  switch (casting) {
    case 'gemma':
      return value;
    case 'llama':
      return round(value);
    default:
      return unreachable(casting, 'casting');
  }
}

/** a * b, where a zero stays zero although b is infinite: the denominator of r is 0. */
export function times(a: number, b: number): number {
  return a === 0 && Math.abs(b) === Number.POSITIVE_INFINITY ? a : a * b;
}
