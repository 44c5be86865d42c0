import type { FloatDType } from '@rmsnorm/core';
import { Math } from '../globals.ts';
import { decode, encode, FORMATS } from './formats.ts';

/** Elements on the host: raw, as a tensor takes them, and as the numbers that they are. */
export interface Elements {
  readonly dtype: FloatDType;
  readonly data: Float32Array | Uint16Array;
  readonly values: Float32Array;
}

/** Numbers rounded to `dtype`. Subnormals of the dtype, which a backend may flush, stay only where asked for. */
export function elements(
  dtype: FloatDType,
  numbers: ArrayLike<number>,
  keep: 'normal' | 'subnormal' = 'normal',
): Elements {
  const data = encode(keep === 'subnormal' ? numbers : awayFromZero(numbers, FORMATS[dtype].minNormal), dtype);
  return { dtype, data, values: decode(data, dtype) };
}

/** Raw elements that came from a device. */
export function decoded(dtype: FloatDType, data: Float32Array | Uint16Array | Int8Array): Elements {
  return { dtype, data: data as Float32Array | Uint16Array, values: decode(data as Float32Array | Uint16Array, dtype) };
}

/** `numbers`; those closer to 0 than `least`, but not 0 itself, are moved out to `least` or `-least`. */
function awayFromZero(numbers: ArrayLike<number>, least: number): ArrayLike<number> {
  let moved: Float64Array | null = null;
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    if (value === 0 || !(Math.abs(value) < least)) continue;
    moved ??= new Float64Array(numbers);
    moved[i] = Math.sign(value) * least;
  }
  return moved ?? numbers;
}
