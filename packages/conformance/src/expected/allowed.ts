import type { Casting, FloatDType } from '@rmsnorm/core';
import { Math, Number } from '../globals.ts';
import { FORMATS, round, ulp } from '../inputs/formats.ts';
import { unreachable } from '../unreachable.ts';
import { float32Error, type Interval, loosened, rounded, type Tolerance } from './bounds.ts';
import type { Element } from './exact-forward.ts';

/** The dtype that x * r is rounded to before it meets the weight. */
function dtypeOfNormed(casting: Casting, dtype: FloatDType): FloatDType {
  switch (casting) {
    case 'gemma':
      return 'float32';
    case 'llama':
      return dtype;
    default:
      return unreachable(casting);
  }
}

/** Whether y is rounded to a 16-bit type once, at the end, or is float32. */
export function roundsOnce(casting: Casting, dtype: FloatDType): boolean {
  return dtypeOfNormed(casting, dtype) === 'float32';
}

/**
 * What an implementation may give for `element`. Null where the contract leaves it open: y fits into float32, but not all
 * that it is computed from.
 */
export function allowed(element: Element, dtype: FloatDType, casting: Casting, tolerance: Tolerance): Interval | null {
  const { normed, weight, beta, y, magnitude } = element;
  if (!Number.isFinite(weight) && mayVanish(normed, dtype, casting)) return null;
  if (overflowsBefore(element, dtype, casting)) return null;
  if (!Number.isFinite(y)) return { low: y, high: y };
  const { max, minNormal } = FORMATS.float32;
  if (Math.abs(normed) > max) return null;
  const flushed = flush(normed, weight, y, minNormal);
  if (roundsOnce(casting, dtype)) return around(y, magnitude, flushed, dtype, tolerance);

  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const neighbour of roundedNormed(normed, dtype, tolerance)) {
    const product = neighbour * weight;
    const interval = around(product + beta, Math.max(Math.abs(product), Math.abs(beta)), flushed, dtype, tolerance);
    low = Math.min(low, interval.low);
    high = Math.max(high, interval.high);
  }
  return { low, high };
}

/** What x * r may be rounded to: the two neighbours of a tie that lies within the float32 bound, else one number. */
function roundedNormed(normed: number, dtype: FloatDType, tolerance: Tolerance): readonly [number, number] {
  const error = float32Error(tolerance, Math.abs(normed));
  return [round(FORMATS[dtype], normed - error), round(FORMATS[dtype], normed + error)];
}

/** What the weight may multiply: x * r, or what 'llama' may round it to. */
function factorsOf(normed: number, dtype: FloatDType, casting: Casting, tolerance: Tolerance): readonly number[] {
  return roundsOnce(casting, dtype) ? [normed] : roundedNormed(normed, dtype, tolerance);
}

/**
 * What y times `times` may be before its last rounding: within the tolerance of the exact product, or, under 'llama', of
 * what follows from either number that x * r may be rounded to. Null where x * r or y itself does not fit into float32,
 * where x * r becomes infinite and meets a `times` below float32, and where y may be 0 in float32 and meets an infinite
 * `times`: their product is an infinity in float64 and a NaN in float32, and the contract promises neither.
 */
export function unrounded(
  element: Element,
  dtype: FloatDType,
  casting: Casting,
  tolerance: Tolerance,
  times = 1,
): Interval | null {
  const { normed, weight, beta, y } = element;
  const { max, minNormal } = FORMATS.float32;
  if (!Number.isFinite(weight * times) && mayVanish(normed, dtype, casting)) return null;
  if (overflowsBefore(element, dtype, casting)) return null;
  if (Math.abs(times) < minNormal && mayOverflow(normed, dtype, casting)) return null;
  if (Math.abs(times) === Number.POSITIVE_INFINITY && mayCancel(element, dtype, casting, tolerance)) return null;
  if (!Number.isFinite(y * times)) return { low: y * times, high: y * times };
  if (Math.abs(normed) > max || Math.abs(y) > max) return null;
  const lost = normed !== 0 && Math.abs(normed) < minNormal ? minNormal * (1 + Math.abs(weight)) : 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const factor of factorsOf(normed, dtype, casting, tolerance)) {
    const product = factor * weight;
    const magnitude = Math.max(Math.abs(product), Math.abs(beta));
    const error = float32Error(tolerance, magnitude * Math.abs(times)) + lost * Math.abs(times);
    low = Math.min(low, (product + beta) * times - error);
    high = Math.max(high, (product + beta) * times + error);
  }
  return { low, high };
}

/** An interval before the last rounding, rounded to the dtype as the class of accuracy does it. */
export function roundedTo(
  dtype: FloatDType,
  { low, high }: Interval,
  magnitude: number,
  { accuracy }: Pick<Tolerance, 'accuracy'>,
): Interval {
  if (Number.isNaN(low)) return { low, high };
  const ends = (value: number): Interval =>
    accuracy === 'loose' ? loosened(dtype, value, magnitude, 0) : rounded(dtype, value, 0);
  return { low: ends(low).low, high: ends(high).high };
}

/**
 * The ulp that the bound on `element` counts in. Undefined where the bound is more than a number of ulp: outside the
 * normal range of float32, and where 'llama' rounds twice.
 */
export function unitOf({ normed, y, magnitude }: Element, dtype: FloatDType, casting: Casting): number | undefined {
  if (!roundsOnce(casting, dtype)) return undefined;
  const normal = [normed, y].every((value) => value === 0 || Math.abs(value) >= FORMATS.float32.minNormal);
  return normal && magnitude > 0 && magnitude <= FORMATS.float32.max ? ulp(FORMATS.float32, magnitude) : undefined;
}

/**
 * Whether x * r * w, or x * r as 'llama' rounds it, is infinite and meets a weight of 0 or a beta of the other sign: y is
 * then NaN, or infinite, although the formula gives a number.
 */
function overflowsBefore({ normed, weight, beta }: Element, dtype: FloatDType, casting: Casting): boolean {
  const product = normed * weight;
  if (!Number.isFinite(product)) return false;
  const infinite = mayOverflow(normed, dtype, casting);
  if (infinite && weight === 0) return true;
  return product * beta < 0 && (infinite || Math.abs(product) > FORMATS.float32.max * NEARLY);
}

/** Whether x * r may be infinite in the type that it is rounded to: near the largest number, rounding decides. */
function mayOverflow(normed: number, dtype: FloatDType, casting: Casting): boolean {
  return Math.abs(normed) > FORMATS[dtypeOfNormed(casting, dtype)].max * NEARLY;
}

const NEARLY = 1 - 2 ** -10;

/** Whether a y that is not a plain 0 may be 0 in float32, or of the other sign: beta cancels the product, or y is tiny. */
function mayCancel(
  { normed, weight, beta }: Element,
  dtype: FloatDType,
  casting: Casting,
  tolerance: Tolerance,
): boolean {
  return factorsOf(normed, dtype, casting, tolerance).some((factor) => {
    const product = factor * weight;
    const magnitude = Math.max(Math.abs(product), Math.abs(beta));
    if (magnitude === 0) return false;
    return Math.abs(product + beta) <= float32Error(tolerance, magnitude) + FORMATS.float32.minNormal;
  });
}

/** Whether x * r, not 0, may become 0: below the normal range of float32, or in its rounding to 16 bits. */
function mayVanish(normed: number, dtype: FloatDType, casting: Casting): boolean {
  if (normed === 0 || Number.isNaN(normed)) return false;
  const { minNormal, fractionBits } = FORMATS[dtypeOfNormed(casting, dtype)];
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
