import type { Accuracy, FloatDType } from '@rmsnorm/core';
import { FORMATS, round, ulp } from '../inputs/formats.ts';

/** The error that contract section 2 allows before the rounding to a 16-bit type. */
export interface Tolerance {
  readonly accuracy: Accuracy;
  /** In float32 ulp of max(|x * r * w|, |beta|); for 'loose', relative to it. */
  readonly ulps: number;
}

const IEEE_ULPS = 4;
const WEBGPU_ULPS = IEEE_ULPS + 2;
const LOOSE_RELATIVE = 1e-5;
const LOOSE_STEPS = 4;

/** 'ieee': 4 ulp, one more with a weightOffset, one more with a beta. 'webgpu': two more. 'loose': 1e-5 relative. */
export function toleranceOf(accuracy: Accuracy, terms: { weightOffset: boolean; beta: boolean }): Tolerance {
  const base = accuracy === 'webgpu' ? WEBGPU_ULPS : IEEE_ULPS;
  return { accuracy, ulps: base + Number(terms.weightOffset) + Number(terms.beta) };
}

/** How far a float32 result may be from an exact one of `magnitude`. */
export function float32Error({ accuracy, ulps }: Tolerance, magnitude: number): number {
  return accuracy === 'loose' ? LOOSE_RELATIVE * magnitude : ulps * ulp(FORMATS.float32, magnitude);
}

/** The numbers of a dtype that an implementation may give for one element, ends included. */
export interface Interval {
  readonly low: number;
  readonly high: number;
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
