import { expect, test } from 'vitest';
import { Refusal } from './refusal.ts';
import { sizesAfter } from './sizes.ts';

const before = { a: { bytes: 1000 }, b: { bytes: 1000, why: 'kernels' } };

test('a tenth more passes, a byte above it does not', () => {
  expect(sizesAfter(before, { a: 1100, b: 1 }, undefined)).toEqual({
    a: { bytes: 1100 },
    b: { bytes: 1, why: 'kernels' },
  });
  expect(() => sizesAfter(before, { a: 1101, b: 1000 }, undefined)).toThrow(Refusal);
  expect(() => sizesAfter(before, { a: 2000, b: 1000 }, undefined)).toThrow(
    'a: 2000 bytes, 100 % more than the 1000 of the last release',
  );
});

test('a word is kept with what grew, and with nothing else', () => {
  expect(sizesAfter(before, { a: 1101, b: 1000 }, 'tables')).toEqual({
    a: { bytes: 1101, why: 'tables' },
    b: { bytes: 1000, why: 'kernels' },
  });
});

test('a package that is new has no size to compare with', () => {
  expect(sizesAfter(before, { c: 5000 }, undefined)).toEqual({ c: { bytes: 5000 } });
});
