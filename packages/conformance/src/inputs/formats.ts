import { bfloat16Value, type FloatDType, float16Value } from '@rmsnorm/core';
import { Math, Number } from '../globals.ts';
import { unreachable } from '../unreachable.ts';

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

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);
const f64 = new Float64Array(1);
const words = new Uint32Array(f64.buffer);
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Powers of two by the exponent's bits in float64. A look-up, as `2 ** n` for every element takes several times as long. */
const POWERS = Float64Array.from({ length: 2048 }, (_, bits) => 2 ** (bits - 1023));

/** The distance between neighbours of `format` at `value`: an ulp, also beyond the format's largest number. */
export function ulp(format: Format, value: number): number {
  f64[0] = value;
  const bits = (words[HIGH]! >>> 20) & 0x7ff;
  return POWERS[Math.max(bits, format.minExponent + 1023) - format.fractionBits]!;
}

/** Adding and subtracting this rounds a float64 below 2^51 to an integer, ties to even. */
const INTEGERS = 2 ** 52 + 2 ** 51;

/** `value` rounded once to nearest even in `format`, infinity beyond its largest number. */
export function round(format: Format, value: number): number {
  if (!Number.isFinite(value)) return value;
  const step = ulp(format, value);
  const rounded = (value / step + INTEGERS - INTEGERS) * step;
  if (rounded === 0) return Math.sign(value) * 0;
  if (Math.abs(rounded) > format.max) return Math.sign(value) * Number.POSITIVE_INFINITY;
  return rounded;
}

/** A dtype whose tensors hold raw bits. */
type HalfDType = Exclude<FloatDType, 'float32'>;

/** The raw bits of a number that `dtype` holds exactly. */
function bitsOf(dtype: HalfDType, value: number): number {
  switch (dtype) {
    case 'float16':
      return float16Bits(value);
    case 'bfloat16':
      return Number.isNaN(value) ? 0x7fc0 : float32Bits(value) >>> 16;
    default:
      return unreachable(dtype);
  }
}

function float16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const bits = float32Bits(value);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (magnitude < FORMATS.float16.minNormal) return sign | (magnitude * 2 ** 24);
  // float32 and float16 differ in the bias of the exponent, 127 and 15, and in 13 bits of fraction.
  return sign | ((((bits >>> 23) & 0xff) - 112) << 10) | ((bits >>> 13) & 0x3ff);
}

function float32Bits(value: number): number {
  f32[0] = value;
  return u32[0]!;
}

/** Numbers rounded once to `dtype`, as a tensor takes them. */
export function encode(numbers: ArrayLike<number>, dtype: FloatDType): Float32Array | Uint16Array {
  if (dtype === 'float32') return new Float32Array(numbers);
  const format = FORMATS[dtype];
  const data = new Uint16Array(numbers.length);
  for (let i = 0; i < data.length; i++) data[i] = bitsOf(dtype, round(format, numbers[i]!));
  return data;
}

const tables = new Map<HalfDType, Float32Array>();

/** The value of every 16-bit pattern. */
function tableOf(dtype: HalfDType): Float32Array {
  const known = tables.get(dtype);
  if (known) return known;
  const values = Float32Array.from({ length: 65536 }, (_, bits) => numberOf(dtype, bits));
  tables.set(dtype, values);
  return values;
}

function numberOf(dtype: HalfDType, bits: number): number {
  switch (dtype) {
    case 'float16':
      return float16Value(bits);
    case 'bfloat16':
      return bfloat16Value(bits);
    default:
      return unreachable(dtype);
  }
}

/** The numbers that elements of `dtype` are, exact. */
export function decode(data: ArrayLike<number>, dtype: FloatDType): Float32Array {
  if (dtype === 'float32') return new Float32Array(data);
  const table = tableOf(dtype);
  const values = new Float32Array(data.length);
  for (let i = 0; i < values.length; i++) values[i] = table[data[i]!]!;
  return values;
}
