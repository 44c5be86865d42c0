import type { Problem } from '../problem.ts';
import { normalized, type Round, rowsOf, rstdOf, sumOfSquares, type WeightValues } from './rows.ts';

/** What a forward gives, before the last rounding. */
export interface ForwardValues {
  readonly y: Float64Array;
  /** r / alpha, [outer, groups, inner]. */
  readonly rstd: Float64Array;
}

/**
 * forward in float64.
 * @param sums the sums of squares of the whole rows and their `count`, where x is one shard of them
 */
export function forward(
  p: Problem,
  x: Float64Array,
  weights: WeightValues,
  round: Round,
  whole?: { readonly sums: Float64Array; readonly count: number },
): ForwardValues {
  const y = new Float64Array(x.length);
  const rstd = new Float64Array(p.outer * p.groups * p.inner);
  for (const row of rowsOf(p)) {
    const statistic = whole
      ? rstdOf(p, whole.sums[row.index]!, whole.count)
      : rstdOf(p, sumOfSquares(p, x, row), p.statSize);
    rstd[row.index] = statistic;
    for (let k = 0; k < p.size; k++) {
      const at = row.start + k * row.step;
      y[at] = normalized(p, x[at]!, statistic, row.feature + k, weights, round);
    }
  }
  return { y, rstd };
}
