import * as core from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { decode, encode, FORMATS, round, ulp } from './formats.ts';
import { createRandom } from './random.ts';

test.each([
  ['float32', 1, 2 ** -23],
  ['float32', 0.75, 2 ** -24],
  ['float32', -3.9, 2 ** -22],
  ['float32', 1e-40, 2 ** -149],
  ['float32', 0, 2 ** -149],
  ['float32', 1e39, 2 ** 106],
  ['float16', 1, 2 ** -10],
  ['float16', 1e-5, 2 ** -24],
  ['bfloat16', 1, 2 ** -7],
] as const)('an ulp of %s at %d is %d', (dtype, value, expected) => {
  expect(ulp(FORMATS[dtype], value)).toBe(expected);
});

test.each([
  ['float16', 1 + 2 ** -11, 1],
  ['float16', 1 + 3 * 2 ** -11, 1 + 2 ** -9],
  ['float16', 65519.99, 65504],
  ['float16', 65520, Number.POSITIVE_INFINITY],
  ['float16', -65520, Number.NEGATIVE_INFINITY],
  ['float16', 2 ** -25, 0],
  ['float16', 2 ** -25 * 1.0001, 2 ** -24],
  ['bfloat16', 1 + 2 ** -8, 1],
  ['bfloat16', 1 + 3 * 2 ** -8, 1 + 2 ** -6],
  ['bfloat16', 1 + 2 ** -8 + 2 ** -40, 1 + 2 ** -7],
  ['float32', 16777217, 16777216],
  ['float32', 3.5e38, Number.POSITIVE_INFINITY],
] as const)('%s: %d rounds to %d', (dtype, value, expected) => {
  expect(round(FORMATS[dtype], value)).toBe(expected);
});

test('encoding agrees with core, which is written apart from it, on numbers of every magnitude', () => {
  const random = createRandom(1);
  const numbers = Float64Array.from({ length: 100_000 }, () => random.normal() * 2 ** random.integer(-140, 130));
  const edges = [
    0,
    -0,
    1e-320,
    65504,
    65519.99,
    65520,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2 ** -25,
    2 ** -133,
  ];
  for (const dtype of ['float16', 'bfloat16'] as const) {
    for (const values of [numbers, numbers.map((value) => value / 2 ** 60), edges]) {
      expect(difference(encode(values, dtype), core.encode(values, dtype))).toBeNull();
    }
  }
});

test('every 16-bit pattern comes back', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  for (const dtype of ['float16', 'bfloat16'] as const) {
    const values = decode(all, dtype);
    expect(difference(values, core.decode(all, dtype))).toBeNull();
    const again = encode(values, dtype);
    expect(all.filter((bits, i) => again[i] !== bits && !Number.isNaN(values[i]))).toHaveLength(0);
  }
});

type Numbers = Float32Array | Uint16Array;

/** The first difference of two arrays, NaN being NaN: `toEqual` takes seconds for so many elements. */
function difference(got: Numbers, expected: Numbers): string | null {
  if (got.constructor !== expected.constructor) return `a ${got.constructor.name}, not a ${expected.constructor.name}`;
  if (got.length !== expected.length) return `${got.length} elements against ${expected.length}`;
  for (let i = 0; i < got.length; i++) {
    if (!Object.is(got[i], expected[i])) return `element ${i}: ${got[i]} against ${expected[i]}`;
  }
  return null;
}
