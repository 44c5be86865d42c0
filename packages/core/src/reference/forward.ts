import type { Problem } from '../driver/problem.ts';
import { normalized, type Round, rowsOf, sumOfSquares, type WeightValues } from './rows.ts';
import { rstdOf } from './statistic.ts';

/** What a forward gives, before the last rounding. */
export interface ForwardValues {
  readonly y: Float64Array;
  /** r / alpha, [outer, groups, inner]. */
  readonly rstd: Float64Array;
}

/**
 * forward in float64.
 * @param whole where x is one shard: the sums of squares of the whole rows, and how many features they were taken over
 */
export function forward(
  problem: Problem,
  x: Float64Array,
  weights: WeightValues,
  round: Round,
  whole?: { readonly sums: Float64Array; readonly count: number },
): ForwardValues {
  const { outer, groups, size, inner, statSize } = problem;
  const y = new Float64Array(x.length);
  const rstd = new Float64Array(outer * groups * inner);
  for (const row of rowsOf(problem)) {
    const rstdOfRow = whole
      ? rstdOf(problem, whole.sums[row.index]!, whole.count)
      : rstdOf(problem, sumOfSquares(problem, x, row), statSize);
    rstd[row.index] = rstdOfRow;
    for (let k = 0; k < size; k++) {
      const at = row.start + k * row.step;
      y[at] = normalized(problem, x[at]!, rstdOfRow, row.feature + k, weights, round);
    }
  }
  return { y, rstd };
}
