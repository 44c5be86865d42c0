import type { Problem } from '../problem.ts';
import { rowsOf, rstdOf, sumOfSquares, times } from './rows.ts';

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

/**
 * The gradients of forward, from y = x * r * w + beta and dr/dx = -x * r^3 / (alpha^2 * statSize) within the statistic;
 * r is a constant where 'clamp' is active.
 */
export function backward(p: Problem, { x, dy, gamma, rstd, dsum }: BackwardOperands): Gradients {
  const dx = new Float64Array(x.length);
  const dgamma = new Float64Array(p.groups * p.size);
  const dbeta = new Float64Array(p.groups * p.size);
  for (const row of rowsOf(p)) {
    const statistic = rstd ? rstd[row.index]! : rstdOf(p, sumOfSquares(p, x, row), p.statSize);
    const r = p.alpha * statistic;
    const g = (k: number): number =>
      dy[row.start + k * row.step]! * (gamma ? p.weightOffset + gamma[row.feature + k]! : 1);

    let dot = 0;
    for (let k = 0; k < p.size; k++) dot += g(k) * x[row.start + k * row.step]!;
    const clamped = p.epsMode === 'clamp' && Math.sqrt(sumOfSquares(p, x, row)) <= p.eps;
    const slope = clamped ? 0 : times(dot / p.statSize, p.alpha * statistic ** 3);

    for (let k = 0; k < p.size; k++) {
      const at = row.start + k * row.step;
      const through = k < p.statSize ? times(x[at]!, slope) : 0;
      dx[at] = times(g(k), r) - through + (dsum ? dsum[at]! : 0);
      dgamma[row.feature + k]! += dy[at]! * times(x[at]!, r);
      dbeta[row.feature + k]! += dy[at]!;
    }
  }
  return { dx, dgamma, dbeta };
}
