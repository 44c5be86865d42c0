import { expect, it } from 'vitest';
import { mistakeIn } from './correctness.ts';
import { rows } from './shapes.ts';
import { makeWorkload } from './workload.ts';

const work = makeWorkload('resident', 'float32', rows(2, 8));

it('accepts the right answer, and one of another order of summation', () => {
  expect(mistakeIn(work.expected, 'norm', work)).toBeNull();
  expect(
    mistakeIn(
      work.expected.map((y) => y * (1 + 1e-6)),
      'norm',
      work,
    ),
  ).toBeNull();
});

it('rows of expected / gamma have RMS 1', () => {
  for (const row of [0, 1]) {
    const normed = work.expected.slice(row * 8, row * 8 + 8).map((y, i) => y / work.gamma[i]!);
    expect(Math.sqrt(normed.reduce((sum, y) => sum + y * y, 0) / 8)).toBeCloseTo(1, 5);
  }
});

it.each([
  ['one element off', (y: Float32Array) => y.map((v, i) => (i === 13 ? v * 1.001 : v)), 'element 13'],
  ['a NaN', (y: Float32Array) => y.map((v, i) => (i === 5 ? Number.NaN : v)), 'element 5 is NaN'],
  ['zeros', (y: Float32Array) => y.map(() => 0), 'element 0'],
  ['too short', (y: Float32Array) => y.slice(1), '15 elements, not 16'],
  ['x itself', () => work.x as Float32Array, 'element'],
])('names %s', (_, spoil, message) => {
  expect(mistakeIn(spoil(work.expected), 'norm', work)).toContain(message);
});

it('compares a copy with x', () => {
  expect(mistakeIn(work.x, 'copy', work)).toBeNull();
  expect(mistakeIn(work.expected, 'copy', work)).toContain('element');
});
