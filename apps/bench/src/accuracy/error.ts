import { errorBeforeRounding } from '@rmsnorm/conformance';
import { decode } from '@rmsnorm/core';
import type { Input } from './inputs.ts';

/**
 * The largest error of y in ulp of float32. Of a 16-bit y it is the error before the rounding to 16 bits, as the contract
 * counts it. Where an element is infinite, NaN or 0 and should not be, the answer is `inf`, `NaN` or `0` instead.
 */
export function errorOf({ dtype, rows, size, eps, values, gamma }: Input, y: Float32Array | Uint16Array): string {
  const got = decode(y, dtype);
  const broken = new Set<string>();
  let largest = 0;
  for (let row = 0; row < rows; row++) {
    const first = row * size;
    let sum = 0;
    for (let i = 0; i < size; i++) sum += values[first + i]! ** 2;
    const r = 1 / Math.sqrt(sum / size + eps);
    for (let i = 0; i < size; i++) {
      const exact = values[first + i]! * r * gamma[i]!;
      const value = got[first + i]!;
      if (Number.isNaN(value)) broken.add('NaN');
      else if (!Number.isFinite(value)) broken.add('inf');
      else if (value === 0 && Math.abs(exact) > SMALLEST) broken.add('0');
      else largest = Math.max(largest, errorBeforeRounding(dtype, value, exact, ulp(exact)));
    }
  }
  if (broken.size > 0) return [...broken].join(', ');
  return largest < 100 ? largest.toFixed(2) : Number(largest.toPrecision(2)).toLocaleString('en-US');
}

/** Half of float16's smallest number. In no dtype is a larger number rounded to 0. */
const SMALLEST = 2 ** -25;

/** The distance between neighbouring float32 numbers at `value`. */
function ulp(value: number): number {
  if (value === 0) return 2 ** -149;
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(value)))) - 23);
}
