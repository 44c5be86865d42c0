import type { Problem } from '@rmsnorm/core';
import { type ScaleByProblem, unreachable } from '@rmsnorm/core/driver';

/**
 * What a row's statistic is computed by, in float64. One formula serves every epsMode, each with coefficients of its own:
 *
 *     rstd = numerator / max(sqrt(sum * sumFactor + epsUnderRoot), leastNorm)
 *     d rstd/dx = -f rstd^3 x / statSize, with f = 1, or 0 where sqrt(sum) <= clampedNorm, as rstd is a constant there
 */
export interface Coefficients {
  readonly numerator: number;
  readonly sumFactor: number;
  readonly epsUnderRoot: number;
  readonly leastNorm: number;
  readonly clampedNorm: number;
  /** A smaller sum of squares may have lost terms to underflow: the row is done again, on scaled values. */
  readonly leastSum: number;
}

/** A sum of squares below this times size may have lost terms to underflow in float32. */
const LEAST = 2 ** -98;

/** @param given whether sums of squares are an operand, over `count` elements of all shards (scaleBy) */
export function coefficientsOf(p: Problem & Partial<Pick<ScaleByProblem, 'count'>>, given: boolean): Coefficients {
  const least = LEAST * p.size;
  const { eps, epsMode } = p;
  switch (epsMode) {
    case 'add':
      return {
        numerator: 1,
        sumFactor: 1 / (given ? p.count! : p.statSize),
        epsUnderRoot: eps,
        leastNorm: 0,
        clampedNorm: -1,
        // Where eps dominates, terms that were lost do not matter.
        leastSum: given || p.statSize * eps >= 0.25 * least ? 0 : least,
      };
    case 'clamp':
      return {
        numerator: Math.sqrt(given ? p.count! : p.size),
        sumFactor: 1,
        epsUnderRoot: 0,
        leastNorm: eps,
        clampedNorm: eps,
        leastSum: given || eps * eps >= 2 * least ? 0 : least,
      };
    default:
      return unreachable(epsMode, 'epsMode');
  }
}
