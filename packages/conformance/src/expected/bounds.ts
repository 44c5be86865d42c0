import type { Accuracy, FloatDType } from '@rmsnorm/core';
import { Math, Number } from '../globals.ts';
import { FORMATS, round, ulp } from '../inputs/formats.ts';
import { unreachable } from '../unreachable.ts';

/** The error that is allowed before the rounding to a 16-bit type: the README's tables, under Accuracy. */
export interface Tolerance {
  readonly accuracy: Accuracy;
  /** In float32 ulp of max(|x * r * w|, |beta|). 'loose' does not count in ulp: it is {@link LOOSE_RELATIVE}. */
  readonly ulps: number;
}

/** What is added to gamma and to x * r * w: each takes one more rounding. */
export interface Terms {
  readonly weightOffset: boolean;
  readonly beta: boolean;
}

export const NO_TERMS: Terms = { weightOffset: false, beta: false };

type Ulps = Readonly<Record<Accuracy, number>>;

const FORWARD_ULPS: Ulps = { ieee: 4, webgpu: 6, loose: 4 };
export const GATED_FORWARD_ULPS: Ulps = { ieee: 6, webgpu: 12, loose: 6 };

/** Relative error of 'loose', and the steps of a 16-bit type that come on top of it. */
export const LOOSE_RELATIVE = 1e-5;
const LOOSE_STEPS = 4;

/** The ulp of the class of accuracy, one more with a weightOffset, one more with a beta. */
export function toleranceOf(accuracy: Accuracy, { weightOffset, beta }: Terms, ulps: Ulps = FORWARD_ULPS): Tolerance {
  return { accuracy, ulps: ulps[accuracy] + Number(weightOffset) + Number(beta) };
}

/** How far a float32 result may be from an exact one of `magnitude`. */
export function float32Error({ accuracy, ulps }: Tolerance, magnitude: number): number {
  switch (accuracy) {
    case 'ieee':
    case 'webgpu':
      return ulps * ulp(FORMATS.float32, magnitude);
    case 'loose':
      // Infinite results have a finite error, as by an ulp: infinity less infinity would be no bound.
      return LOOSE_RELATIVE * Math.min(magnitude, FORMATS.float32.max);
    default:
      return unreachable(accuracy);
  }
}

/**
 * The least that the float32 bound comes to, relative to the exact y. An ulp of |y| is more than 2^-24 |y|; with a beta,
 * the magnitude that the bound refers to is at least half of |y|.
 */
export function leastRelativeBound({ ulps }: Tolerance, beta: ArrayLike<number> | null): number {
  return ulps * (beta ? 2 ** -25 : 2 ** -24);
}

/** The numbers of a dtype that an implementation may give for one element, ends included. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Whether `value` lies in the interval. An interval of NaN holds NaN alone. */
export function isInside(value: number, { low, high }: Interval): boolean {
  return Number.isNaN(low) ? Number.isNaN(value) : value >= low && value <= high;
}

/**
 * What may come out for an exact value with an error of `error` before the one rounding to `dtype`. Rounding is
 * monotonic, so the ends are the rounded ends.
 */
export function rounded(dtype: FloatDType, exact: number, error: number): Interval {
  const format = FORMATS[dtype];
  if (dtype !== 'float32') return { low: round(format, exact - error), high: round(format, exact + error) };
  // float32 is not rounded again: the bound counts as it is, except that what lies beyond the largest number is infinite.
  return { low: overflowed(exact - error), high: overflowed(exact + error) };
}

/** As {@link rounded}, for engines that round where they like: four steps of a 16-bit type. */
export function loosened(dtype: FloatDType, exact: number, magnitude: number, error: number): Interval {
  const steps = dtype === 'float32' ? 0 : LOOSE_STEPS * ulp(FORMATS[dtype], magnitude);
  return rounded(dtype, exact, error + steps);
}

function overflowed(value: number): number {
  return Math.abs(value) > FORMATS.float32.max ? round(FORMATS.float32, value) : value;
}

/** The bound in words, for a message. */
export function describeTolerance({ accuracy, ulps }: Tolerance, dtype: FloatDType): string {
  if (accuracy === 'loose') return dtype === 'float32' ? '1e-5 relative' : `1e-5 relative and 4 steps of ${dtype}`;
  return dtype === 'float32' ? `${ulps} ulp` : `${ulps} ulp of float32, then one rounding to ${dtype}`;
}
