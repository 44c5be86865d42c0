import type { FloatDType } from '@rmsnorm/core';

/** An IEEE 754 binary format, as far as rounding to it goes. */
export interface Format {
  /** Bits of the fraction behind the leading 1. */
  readonly fractionBits: number;
  /** Exponent of the smallest normal number; below it the spacing is constant. */
  readonly minExponent: number;
  readonly max: number;
  readonly minNormal: number;
}

export const FORMATS: Readonly<Record<FloatDType, Format>> = {
  float32: { fractionBits: 23, minExponent: -126, max: (2 - 2 ** -23) * 2 ** 127, minNormal: 2 ** -126 },
  float16: { fractionBits: 10, minExponent: -14, max: 65504, minNormal: 2 ** -14 },
  bfloat16: { fractionBits: 7, minExponent: -126, max: (2 - 2 ** -7) * 2 ** 127, minNormal: 2 ** -126 },
};

const f64 = new Float64Array(1);
const words = new Uint32Array(f64.buffer);
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** The distance between neighbours of `format` at `value`: an ulp, also beyond the format's largest number. */
export function ulp(format: Format, value: number): number {
  f64[0] = value;
  const exponent = ((words[HIGH]! >>> 20) & 0x7ff) - 1023;
  return 2 ** (Math.max(exponent, format.minExponent) - format.fractionBits);
}

/** Added and taken away again, leaves a float64 below 2^51 rounded to an integer, ties to even. */
const INTEGERS = 2 ** 52 + 2 ** 51;

/** `value` rounded once to nearest even in `format`, infinity beyond its largest number. */
export function round(format: Format, value: number): number {
  if (!Number.isFinite(value)) return value;
  const step = ulp(format, value);
  const rounded = (value / step + INTEGERS - INTEGERS) * step;
  if (Math.abs(rounded) > format.max) return Math.sign(value) * Number.POSITIVE_INFINITY;
  return rounded;
}
