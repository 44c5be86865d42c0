import type { FloatDType } from '@rmsnorm/core';
import { FORMATS, ulp } from '../../src/inputs/formats.ts';

/** The largest |got - expected|, in ulp of `dtype` at what is expected. */
export function largestDifference(got: ArrayLike<number>, expected: ArrayLike<number>, dtype: FloatDType): number {
  if (got.length !== expected.length) throw new Error(`${got.length} elements, not ${expected.length}`);
  let largest = 0;
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i]! - expected[i]!) / ulp(FORMATS[dtype], expected[i]!);
    // Not Math.max: a NaN must win.
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
