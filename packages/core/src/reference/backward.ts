import type { Problem } from '../driver/problem.ts';
import { rowsOf, sumOfSquares, times } from './rows.ts';
import { rstdOf, rstdSlopeOf } from './statistic.ts';

export interface BackwardOperands {
  readonly x: Float64Array;
  readonly dy: Float64Array;
  readonly gamma: Float64Array | null;
  /** As forward gave it; null to compute it again. */
  readonly rstd: Float64Array | null;
  readonly dsum: Float64Array | null;
}

export interface Gradients {
  readonly dx: Float64Array;
  readonly dgamma: Float64Array;
  readonly dbeta: Float64Array;
}

/** The gradients of forward, from y = x * r * w + beta, where r changes with x too: by the middle term of dx. */
export function backward(problem: Problem, { x, dy, gamma, rstd, dsum }: BackwardOperands): Gradients {
  const { groups, size, statSize, alpha, weightOffset } = problem;
  const dx = new Float64Array(x.length);
  const dgamma = new Float64Array(groups * size);
  const dbeta = new Float64Array(groups * size);
  for (const row of rowsOf(problem)) {
    const sum = sumOfSquares(problem, x, row);
    const rstdOfRow = rstd ? rstd[row.index]! : rstdOf(problem, sum, statSize);
    const r = alpha * rstdOfRow;
    const g = (k: number): number =>
      dy[row.start + k * row.step]! * (gamma ? weightOffset + gamma[row.feature + k]! : 1);

    let dot = 0;
    for (let k = 0; k < size; k++) dot += g(k) * x[row.start + k * row.step]!;
    const rstdSlope = rstdSlopeOf(problem, rstdOfRow, sum);
    const middleFactor = rstdSlope === null ? 0 : times(dot / statSize, alpha * rstdSlope);

    for (let k = 0; k < size; k++) {
      const at = row.start + k * row.step;
      const middle = k < statSize ? times(x[at]!, middleFactor) : 0;
      dx[at] = times(g(k), r) - middle + (dsum ? dsum[at]! : 0);
      dgamma[row.feature + k]! += dy[at]! * times(x[at]!, r);
      dbeta[row.feature + k]! += dy[at]!;
    }
  }
  return { dx, dgamma, dbeta };
}
