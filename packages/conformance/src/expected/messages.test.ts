import { expect, test } from 'vitest';
import { compareResult, type Expected } from './compare-result.ts';
import { showError, showIndex } from './messages.ts';

test.each([
  [1.5, 1, 0.25, ', off by 2 ulp'],
  [Number.NaN, 1, 0.25, ''],
  [Number.POSITIVE_INFINITY, 1, 0.25, ''],
  [0.25, 0, 2 ** -149, ', where only 0 is right'],
  [0.25, 1e-41, 2 ** -149, ', off by 0.25: it is 2.5e+40 times that'],
])('%f against %f, in units of %f: "%s"', (got, exact, unit, text) => {
  expect(showError(got, exact, unit, 'ulp')).toBe(text);
});

test('an index in a tensor', () => {
  expect(showIndex(23, [2, 3, 4])).toBe('[1, 2, 3]');
});

function messageOf(got: number, expected: Expected): string {
  try {
    compareResult([got], { what: 'dgamma', shape: [1], expected: () => expected, bound: '1e-6 of the sum' });
  } catch (error) {
    return (error as Error).message;
  }
  return 'passed';
}

test.each([
  [3, { exact: 1, low: 0.5, high: 1.5 }, 'got 3, expected 1, 4 times what is allowed'],
  // What may be flushed is next to nothing: to be 5.6e+35 times too much says nothing.
  [0.01, { exact: 0, low: -(2 ** -126), high: 2 ** -126 }, 'got 0.01, expected 0, where only 0 is right'],
  [3, { exact: 1, low: 1 - 1e-9, high: 1 + 1e-9 }, 'got 3, expected 1, off by 2: it is 3 times that'],
  // One number alone is right: the quantized one, of which the exact value is no integer.
  [5, { exact: 3.3, low: 3, high: 3 }, 'got 5, expected 3, '],
  [Number.NaN, { exact: 1, low: 0, high: 2 }, 'got NaN, expected 1, bound'],
])('%f where %o is expected: %s', (got, expected, text) => {
  expect(messageOf(got, expected)).toContain(text);
});
