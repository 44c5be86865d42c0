import { expect, test } from 'vitest';
import { errorOf } from './error.ts';
import { type Input, inputs } from './inputs.ts';

const input: Input = {
  name: 'ones',
  dtype: 'float32',
  rows: 1,
  size: 2,
  eps: 0,
  x: Float32Array.of(1, -1),
  values: Float32Array.of(1, -1),
  gamma: Float32Array.of(1, 0.5),
};

test('the largest error in ulp of the exact result', () => {
  expect(errorOf(input, Float32Array.of(1, -0.5))).toBe('0.00');
  expect(errorOf(input, Float32Array.of(1, -0.5 - 3 * 2 ** -24))).toBe('3.00');
});

test('what is not finite, or lost, is named', () => {
  expect(errorOf(input, Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY))).toBe('NaN, inf');
  expect(errorOf(input, Float32Array.of(0, -0.5))).toBe('0');
});

test('inputs are in the dtype that they are named for', () => {
  const all = inputs(3);
  expect(all.length).toBe(26);
  for (const { dtype, x, rows, size } of all) {
    expect([x.length, x.BYTES_PER_ELEMENT]).toEqual([rows * size, dtype === 'float32' ? 4 : 2]);
  }
});
