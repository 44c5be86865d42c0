import type { FloatDType } from '@rmsnorm/core';
import { FORMATS, round, ulp } from '../inputs/formats.ts';
import { float32Error, type Interval, loosened, rounded, type Tolerance } from './bounds.ts';
import type { Arrangement } from './normalization.ts';

/** The inputs of a forward as numbers, exact. */
export interface Operands {
  readonly dtype: FloatDType;
  readonly arrangement: Arrangement;
  readonly x: ArrayLike<number>;
  readonly gamma: ArrayLike<number> | null;
  readonly beta: ArrayLike<number> | null;
}

/**
 * r / alpha of every row, [outer, groups, inner], in float64, whose range holds the square of every float32: the sum
 * needs no scaling. Its rounding is below 1e-4 ulp of float32 for the rows of this suite.
 */
export function exactRstd({ arrangement, x }: Pick<Operands, 'arrangement' | 'x'>): Float64Array {
  const { outer, groups, size, inner, statSize, eps, epsMode } = arrangement;
  const rstd = new Float64Array(outer * groups * inner);
  for (let block = 0; block < outer * groups; block++) {
    for (let column = 0; column < inner; column++) {
      const first = block * size * inner + column;
      let sum = 0;
      for (let i = 0; i < statSize; i++) {
        const value = x[first + i * inner]!;
        sum += value * value;
      }
      const denominator = epsMode === 'clamp' ? clamped(sum, eps) / Math.sqrt(size) : Math.sqrt(sum / statSize + eps);
      rstd[block * inner + column] = 1 / denominator;
    }
  }
  return rstd;
}

/** max(norm2, eps), but a NaN stays a NaN (Math.max sees to that). */
function clamped(sum: number, eps: number): number {
  return Math.max(Math.sqrt(sum), eps);
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

/**
 * What an implementation may give for `element`; null where the contract leaves it open, because what y is made of does
 * not fit into float32 although y does.
 */
export function allowed(
  element: Element,
  dtype: FloatDType,
  casting: 'gemma' | 'llama',
  tolerance: Tolerance,
): Interval | null {
  const { normed, weight, beta, y, magnitude } = element;
  if (!Number.isFinite(weight) && mayVanish(normed, dtype, casting)) return null;
  if (overflowsBefore(element, dtype, casting)) return null;
  if (Number.isNaN(y) || !Number.isFinite(y)) return { low: y, high: y };
  const { max, minNormal } = FORMATS.float32;
  if (Math.abs(normed) > max) return null;
  const flushed = flush(normed, weight, y, minNormal);
  if (casting === 'gemma' || dtype === 'float32') return around(y, magnitude, flushed, dtype, tolerance);

  // x * r becomes one of the two neighbours of a tie that lies within the float32 bound, any other value just one.
  const format = FORMATS[dtype];
  const error = float32Error(tolerance, Math.abs(normed));
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const neighbour of [round(format, normed - error), round(format, normed + error)]) {
    const product = neighbour * weight;
    const interval = around(product + beta, Math.max(Math.abs(product), Math.abs(beta)), flushed, dtype, tolerance);
    low = Math.min(low, interval.low);
    high = Math.max(high, interval.high);
  }
  return { low, high };
}

/**
 * The ulp that the bound on `element` counts in; undefined where the contract allows more than a number of them: outside
 * the normal range of float32, and where 'llama' rounds twice.
 */
export function unitOf(
  { normed, y, magnitude }: Element,
  dtype: FloatDType,
  casting: 'gemma' | 'llama',
): number | undefined {
  if (casting === 'llama' && dtype !== 'float32') return undefined;
  const normal = [normed, y].every((value) => value === 0 || Math.abs(value) >= FORMATS.float32.minNormal);
  return normal && magnitude > 0 && magnitude <= FORMATS.float32.max ? ulp(FORMATS.float32, magnitude) : undefined;
}

/**
 * Whether x * r * w, or x * r as 'llama' rounds it, is infinite and meets a weight of 0 or a beta of the other sign: y is
 * then NaN, or infinite, although the formula gives a number.
 */
export function overflowsBefore(
  { normed, weight, beta }: Element,
  dtype: FloatDType,
  casting: 'gemma' | 'llama',
): boolean {
  const product = normed * weight;
  if (!Number.isFinite(product)) return false;
  const infinite = mayOverflow(normed, dtype, casting);
  if (infinite && weight === 0) return true;
  return product * beta < 0 && (infinite || Math.abs(product) > FORMATS.float32.max * NEARLY);
}

/** Whether x * r, as 'llama' rounds it, may be infinite: near the largest number rounding decides. */
export function mayOverflow(normed: number, dtype: FloatDType, casting: 'gemma' | 'llama'): boolean {
  return Math.abs(normed) > FORMATS[casting === 'llama' ? dtype : 'float32'].max * NEARLY;
}

const NEARLY = 1 - 2 ** -10;

/** Whether x * r, not 0, may become 0: below the normal range of float32, or rounded as 'llama' does it. */
export function mayVanish(normed: number, dtype: FloatDType, casting: 'gemma' | 'llama'): boolean {
  if (normed === 0 || Number.isNaN(normed)) return false;
  const { minNormal, fractionBits } = FORMATS[casting === 'llama' ? dtype : 'float32'];
  return Math.abs(normed) < Math.max(FORMATS.float32.minNormal, minNormal / 2 ** fractionBits);
}

function around(y: number, magnitude: number, flushed: number, dtype: FloatDType, tolerance: Tolerance): Interval {
  const error = float32Error(tolerance, magnitude) + flushed;
  if (tolerance.accuracy === 'loose') return loosened(dtype, y, magnitude, error);
  return rounded(dtype, y, error);
}

/** Results below the normal range of float32 may be flushed to zero. */
function flush(normed: number, weight: number, y: number, minNormal: number): number {
  const lostBefore = normed !== 0 && Math.abs(normed) < minNormal ? minNormal * Math.abs(weight) : 0;
  const lostAfter = y !== 0 && Math.abs(y) < minNormal ? minNormal : 0;
  return lostBefore + lostAfter;
}
