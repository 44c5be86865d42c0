import { expect, test } from 'vitest';
import { createRandom } from '../inputs/random.ts';
import { toleranceOf } from './bounds.ts';
import { compareBits } from './compare-bits.ts';
import { compareForward, compareRstd } from './compare-forward.ts';
import { exactRstd } from './exact-forward.ts';
import { normalizationOf } from './normalization.ts';

const tolerance = toleranceOf('ieee', { weightOffset: false, beta: false });

/** [2, 3, 5] along axis 1: rows have stride 5. */
const shape = [2, 3, 5];
const normalization = normalizationOf({ dim: 3 }, shape);
const random = createRandom(7);
const x = Float32Array.from({ length: 30 }, () => random.normal());
const operands = { dtype: 'float32' as const, normalization, x, gamma: null, beta: null };
const rstd = exactRstd(operands);
const right = x.map((value, i) => value * rstd[Math.floor(i / 15) * 5 + (i % 5)]!);

function failure(got: ArrayLike<number>, more: { stale?: number; lookAt?: string } = {}): string {
  try {
    compareForward(got, { operands, shape, tolerance, ...more });
  } catch (error) {
    return (error as Error).message;
  }
  return 'passed';
}

test('right results pass', () => {
  expect(failure(right)).toBe('passed');
});

test('one wrong element: index, got, expected, ulp, bound, what to look at', () => {
  const wrong = right.slice();
  wrong[22] = wrong[22]! * (1 + 2 ** -20);
  const message = failure(wrong, { lookAt: 'the frobnicator' });
  expect(message).toContain('1 of 30 elements of y are wrong, the worst at [1, 1, 2]');
  expect(message).toContain(`got ${wrong[22]}`);
  expect(message).toMatch(/off by -?\d+(\.\d+)? ulp, bound 4 ulp/);
  expect(message).toContain('only row 7 of 10 is wrong; the frobnicator');
});

test('a whole tensor off by one factor points to the statistic', () => {
  expect(failure(right.map((value) => value * 1.01))).toContain('is off by the factor 1.01');
});

test('elements that still hold what stood there were not written', () => {
  const stale = right.slice();
  stale.fill(99, 25);
  expect(failure(stale, { stale: 99 })).toContain('they hold 99, which stood in out before: they were not written');
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('%d for a finite number never passes', (value) => {
  const wrong = right.slice();
  wrong[3] = value;
  expect(failure(wrong)).toContain(`got ${value}`);
});

test('a finite number where infinity is exact never passes', () => {
  const infinite = { ...operands, x: x.map((value, i) => (i === 0 ? 1 : i % 5 === 0 && i < 15 ? 0 : value)) };
  const zeroEps = { ...infinite, normalization: normalizationOf({ dim: 3, eps: 0, partial: 0.34 }, shape) };
  zeroEps.x[0] = 0;
  zeroEps.x[5] = 2;
  const got = zeroEps.x.map((value, i) => value * exactRstd(zeroEps)[Math.floor(i / 15) * 5 + (i % 5)]!);
  got[0] = 0;
  got[10] = 0;
  expect(got[5]).toBe(Number.POSITIVE_INFINITY);
  expect(() => compareForward(got, { operands: zeroEps, shape, tolerance })).not.toThrow();
  got[5] = 3e38;
  expect(() => compareForward(got, { operands: zeroEps, shape, tolerance })).toThrow('expected Infinity');
});

test('the wrong number of elements fails', () => {
  expect(failure(right.subarray(1))).toBe('y has 29 elements, not 30');
});

test('rstd is compared row by row', () => {
  const good = Float32Array.from(rstd);
  expect(() => compareRstd(good, operands, tolerance)).not.toThrow();
  good[4] = good[4]! * 1.0001;
  expect(() => compareRstd(good, operands, tolerance)).toThrow('rstd of row 4 of 10');
});

test('bits are compared with the sign of zero, NaN as NaN', () => {
  expect(() => compareBits([Number.NaN, 0], [Number.NaN, 0], 'float32', 'y')).not.toThrow();
  expect(() => compareBits([1, -0], [1, 0], 'float32', 'y')).toThrow('1 of 2 elements differ, the first at 1');
});
