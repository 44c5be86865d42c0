import type { FloatDType } from '@rmsnorm/core';
import { Math, Number } from '../globals.ts';
import { unreachable } from '../unreachable.ts';
import { featureOf, type Normalization, rowOf } from './normalization.ts';

/** The inputs of a forward as numbers, exact. */
export interface ForwardOperands {
  readonly dtype: FloatDType;
  readonly normalization: Normalization;
  readonly x: ArrayLike<number>;
  readonly gamma: ArrayLike<number> | null;
  readonly beta: ArrayLike<number> | null;
}

/**
 * r / alpha of every row, [outer, groups, inner], in float64, whose range holds the square of every float32: the sum
 * needs no scaling. Its rounding is below 1e-4 ulp of float32 for the rows of this suite.
 */
export function exactRstd({ normalization, x }: Pick<ForwardOperands, 'normalization' | 'x'>): Float64Array {
  const { outer, groups, size, inner, statSize } = normalization;
  const rstd = new Float64Array(outer * groups * inner);
  for (let slab = 0; slab < outer * groups; slab++) {
    for (let column = 0; column < inner; column++) {
      const first = slab * size * inner + column;
      let sum = 0;
      for (let i = 0; i < statSize; i++) {
        const value = x[first + i * inner]!;
        sum += value * value;
      }
      rstd[slab * inner + column] = rstdOfSum(normalization, sum, statSize);
    }
  }
  return rstd;
}

/** r / alpha of a row, from the sum of the squares of its first `count` features: statSize, which is size under 'clamp'. */
export function rstdOfSum({ epsMode, eps }: Normalization, sum: number, count: number): number {
  switch (epsMode) {
    case 'add':
      return 1 / Math.sqrt(sum / count + eps);
    case 'clamp':
      // Math.max keeps a NaN.
      return 1 / (Math.max(Math.sqrt(sum), eps) / Math.sqrt(count));
    default:
      return unreachable(epsMode);
  }
}

/**
 * How rstd = r / alpha changes with its row: the c of d rstd/dx = -c * x / statSize. Null where r is a constant, because
 * eps stands in place of the norm.
 * @param rstd of this row
 */
export function rstdSlopeOf({ epsMode, eps }: Normalization, rstd: number, sum: number): number | null {
  switch (epsMode) {
    case 'add':
      return rstd ** 3;
    case 'clamp':
      return Math.sqrt(sum) <= eps ? null : rstd ** 3;
    default:
      return unreachable(epsMode);
  }
}

/** One element's exact result and what the bound refers to. */
export interface Element {
  /** x * r: 0 where x is 0, also at a zero denominator. */
  readonly normed: number;
  readonly weight: number;
  readonly beta: number;
  readonly y: number;
  /** max(|x * r * w|, |beta|). */
  readonly magnitude: number;
}

/** `y = x * r * w + beta` in float64, r = alpha * rstd. */
export function exactElement(x: number, r: number, weight: number, beta: number): Element {
  const normed = x === 0 && !Number.isNaN(r) ? 0 : x * r;
  const product = normed * weight;
  return { normed, weight, beta, y: product + beta, magnitude: Math.max(Math.abs(product), Math.abs(beta)) };
}

/** The element at `flat`, with the statistics of `rstd`. */
export function elementAt(operands: ForwardOperands, rstd: ArrayLike<number>, flat: number): Element {
  const { normalization, x, gamma, beta } = operands;
  const { alpha, weightOffset } = normalization;
  const feature = featureOf(normalization, flat);
  const weight = gamma ? weightOffset + gamma[feature]! : 1;
  return exactElement(x[flat]!, alpha * rstd[rowOf(normalization, flat)]!, weight, beta ? beta[feature]! : 0);
}

/** y of every element in float64, with the statistics of `rstd`. */
export function exactForward(operands: ForwardOperands, rstd: ArrayLike<number>): Float64Array {
  const { normalization, x, gamma, beta } = operands;
  const { outer, groups, size, inner, alpha, weightOffset } = normalization;
  const y = new Float64Array(x.length);
  let flat = 0;
  for (let slab = 0; slab < outer * groups; slab++) {
    const firstFeature = (slab % groups) * size;
    for (let feature = firstFeature; feature < firstFeature + size; feature++) {
      const weight = gamma ? weightOffset + gamma[feature]! : 1;
      const shift = beta ? beta[feature]! : 0;
      for (let row = slab * inner; row < (slab + 1) * inner; row++, flat++) {
        y[flat] = exactElement(x[flat]!, alpha * rstd[row]!, weight, shift).y;
      }
    }
  }
  return y;
}
