import { expect, test } from 'vitest';
import { allowed } from './allowed.ts';
import { toleranceOf } from './bounds.ts';
import { exactElement, exactRstd } from './exact-forward.ts';
import { normalizationOf } from './normalization.ts';

const PLAIN = toleranceOf('ieee', { weightOffset: false, beta: false });
const { POSITIVE_INFINITY: INF } = Number;

test('rstd of a row is 1 / sqrt(mean of squares + eps), of its own row, group and column', () => {
  const normalization = normalizationOf({ dim: 4, groups: 2, eps: 1 }, [1, 4, 2]);
  // Columns (1, 2), (3, 4) of group 0 and (5, 6), (7, 8) of group 1, beside each other.
  const rstd = exactRstd({ normalization, x: [1, 3, 2, 4, 5, 7, 6, 8] });
  expect([...rstd]).toEqual([2.5 + 1, 12.5 + 1, 30.5 + 1, 56.5 + 1].map((ms) => 1 / Math.sqrt(ms)));
});

test("'clamp' divides sqrt(size) by max(norm, eps)", () => {
  const normalization = normalizationOf({ dim: 2, axis: -1, epsMode: 'clamp', eps: 10 }, [2, 2]);
  const [small, large] = exactRstd({ normalization, x: [3, 4, 30, 40] });
  expect(small).toBeCloseTo(Math.SQRT2 / 10, 14);
  expect(large).toBeCloseTo(Math.SQRT2 / 50, 14);
});

test('the statistic ends at statSize', () => {
  const normalization = normalizationOf({ dim: 4, axis: -1, partial: 0.5, eps: 0 }, [1, 4]);
  expect(exactRstd({ normalization, x: [3, 4, 30, 40] })[0]).toBeCloseTo(0.28284, 5);
});

test.each([
  ['zero at a zero denominator', 0, INF, 2, 0.5, 0.5],
  ['another number there', -3, INF, 2, 0, -INF],
  ['a finite number beside an infinity', 3, 0, 2, 0.5, 0.5],
  ['the infinity itself', INF, 0, 2, 0.5, Number.NaN],
  ['a NaN in the statistic', 0, Number.NaN, 2, 0.5, Number.NaN],
])('%s', (_, x, r, weight, beta, expected) => {
  expect(exactElement(x, r, weight, beta).y).toBe(expected);
});

test.each([
  ['ieee', false, false, 4],
  ['ieee', true, false, 5],
  ['ieee', true, true, 6],
  ['webgpu', false, false, 6],
  ['webgpu', true, true, 8],
] as const)('%s with offset %j and beta %j allows %d ulp, and not one more', (accuracy, weightOffset, beta, ulps) => {
  const interval = allowed(
    exactElement(1.5, 1, 1, 0),
    'float32',
    'gemma',
    toleranceOf(accuracy, { weightOffset, beta }),
  )!;
  expect(interval).toEqual({ low: 1.5 - ulps * 2 ** -23, high: 1.5 + ulps * 2 ** -23 });
});

test('the bound refers to the larger of x * r * w and beta, also where they cancel', () => {
  const interval = allowed(exactElement(1000, 1, 1, -999.999), 'float32', 'gemma', PLAIN)!;
  expect(interval.high - interval.low).toBeCloseTo(8 * 2 ** -14, 10);
});

test('a 16-bit result is the float32 bound, rounded once', () => {
  const clear = allowed(exactElement(1.0003, 1, 1, 0), 'float16', 'gemma', PLAIN);
  expect(clear).toEqual({ low: 1, high: 1 });
  const nearTie = allowed(exactElement(1 + 2 ** -11 + 2 ** -22, 1, 1, 0), 'float16', 'gemma', PLAIN);
  expect(nearTie).toEqual({ low: 1, high: 1 + 2 ** -10 });
});

test("'llama' rounds x * r first, to either neighbour near a tie", () => {
  // 1.00048828125 is the tie of float16 between 1 and 1.0009765625.
  const tie = allowed(exactElement(1 + 2 ** -11, 1, 1.5, 0), 'float16', 'llama', PLAIN);
  expect(tie).toEqual({ low: 1.5, high: 1.5 + 2 ** -9 });
  const below = allowed(exactElement(1 + 2 ** -11 - 2 ** -20, 1, 1.5, 0), 'float16', 'llama', PLAIN);
  expect(below).toEqual({ low: 1.5, high: 1.5 });
});

test('overflow gives infinity, in float32 and in 16 bits', () => {
  expect(allowed(exactElement(1, 1, 4e38, 0), 'float32', 'gemma', PLAIN)).toEqual({ low: INF, high: INF });
  expect(allowed(exactElement(-1, 1, 70000, 0), 'float16', 'gemma', PLAIN)).toEqual({ low: -INF, high: -INF });
});

test('a result below the normal range may be flushed', () => {
  const { low, high } = allowed(exactElement(1e-40, 1, 1, 0), 'float32', 'gemma', PLAIN)!;
  expect(low).toBeLessThanOrEqual(0);
  expect(high).toBeLessThan(4 * 2 ** -126);
});

test("'loose' is 1e-5 relative, and four steps of a 16-bit type", () => {
  const loose = toleranceOf('loose', { weightOffset: false, beta: false });
  const single = allowed(exactElement(2, 1, 1, 0), 'float32', 'gemma', loose)!;
  expect(single.high).toBeCloseTo(2 + 2e-5, 10);
  const half = allowed(exactElement(2, 1, 1, 0), 'float16', 'gemma', loose)!;
  expect(half.high).toBe(2 + 4 * 2 ** -9);
});
