import type { FloatDType } from '@rmsnorm/core';
import { decode, encode, FORMATS } from './formats.ts';
import type { Random } from './random.ts';

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

/** `numbers`, those between -least and least, but for 0, moved out to the nearer end. */
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

/** Where the numbers of a case come from. */
export type Distribution = (random: Random, count: number) => Float64Array;

/** Standard normal, times `factor`. Like the next ones in a loop of its own: tens of millions of numbers are drawn. */
export const normal =
  (factor = 1): Distribution =>
  (random, count) => {
    const numbers = new Float64Array(count);
    for (let i = 0; i < count; i++) numbers[i] = factor * random.normal();
    return numbers;
  };

/** One number everywhere, of full precision: each square rounds the same way, so that the errors of a sum add up. */
export const constant: Distribution = (random, count) =>
  new Float64Array(count).fill(Math.fround(random.pick([-1, 1]) * (1 + random.uniform())));

/** Log-normal with sigma 3: a few elements carry the sum, as outlier features of language models do. */
export const heavyTailed: Distribution = (random, count) => {
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) numbers[i] = random.pick(SIGNS) * Math.exp(Math.min(9, 3 * random.normal()));
  return numbers;
};

const SIGNS = [-1, 1];

/** These very numbers, over and over. */
export const cycle =
  (values: readonly number[]): Distribution =>
  (_random, count) => {
    const numbers = new Float64Array(count);
    for (let i = 0; i < count; i++) numbers[i] = values[i % values.length]!;
    return numbers;
  };

/** Weights around 1, different for every feature and of both signs, so that one in the wrong place shows. */
export function gammaOf(random: Random, features: number): Float32Array {
  return new Float32Array(features).map(() => random.pick([1, 1, 1, -1]) * (0.25 + 1.5 * random.uniform()));
}

export function betaOf(random: Random, features: number): Float32Array {
  return new Float32Array(features).map(() => random.normal());
}
