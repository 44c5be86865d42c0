import { expect, test } from 'vitest';
import { createRandom } from '../inputs/random.ts';
import { toleranceOf } from './bounds.ts';
import { compareForward } from './compare-forward.ts';
import type { ForwardOperands } from './exact-forward.ts';
import { countOf, type Normalization } from './normalization.ts';

const PLAIN: Normalization = {
  outer: 4,
  groups: 1,
  size: 12,
  inner: 1,
  statSize: 12,
  eps: 0.3,
  epsMode: 'add',
  alpha: 1,
  weightOffset: 0,
  casting: 'gemma',
};

/** One row of it, with a mistake: its elements, its weights and shifts. */
interface Row {
  readonly x: readonly number[];
  readonly weights: readonly number[];
  readonly shifts: readonly number[];
}

type Mistake = (row: Row, n: Normalization) => readonly number[];

const sumOf = (x: readonly number[]): number => x.reduce((sum, value) => sum + value * value, 0);

function scaled({ x, weights, shifts }: Row, r: number): number[] {
  return x.map((value, i) => value * r * weights[i]! + shifts[i]!);
}

/** With the r that `rOf` gives. */
function withR(rOf: (x: readonly number[], n: Normalization) => number): Mistake {
  return (row, n) => scaled(row, rOf(row.x, n));
}

const right = (x: readonly number[], n: Normalization): number =>
  n.alpha / Math.sqrt(sumOf(x.slice(0, n.statSize)) / n.statSize + n.eps);

/** The message about an implementation, row by row, that makes this mistake. */
function messageOf(
  mistake: Mistake,
  fields: Partial<Normalization> = {},
  dtype: 'float32' | 'bfloat16' = 'float32',
): string {
  const normalization = { ...PLAIN, ...fields };
  const { outer, groups, size } = normalization;
  const random = createRandom(5, 'hypotheses');
  const shape = [outer, groups * size];
  const drawn = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.normal());
  const x = drawn(countOf(shape));
  const gamma = drawn(groups * size);
  const beta = drawn(groups * size);
  const operands: ForwardOperands = { dtype, normalization, x, gamma, beta };
  const y = Array.from({ length: outer * groups }, (_, row) => {
    const first = (row % groups) * size;
    const weights = Array.from(gamma.subarray(first, first + size), (value) => normalization.weightOffset + value);
    const shifts = Array.from(beta.subarray(first, first + size));
    return mistake({ x: Array.from(x.subarray(row * size, row * size + size)), weights, shifts }, normalization);
  }).flat();
  const tolerance = toleranceOf('ieee', { weightOffset: false, beta: true });
  try {
    compareForward(Float32Array.from(y), { operands, shape, tolerance });
  } catch (error) {
    return (error as Error).message;
  }
  return 'passed';
}

test('what is right has no message', () => {
  expect(messageOf(withR(right))).toBe('passed');
});

const ones = (row: Row): number[] => row.x.map(() => 1);
const zeros = (row: Row): number[] => row.x.map(() => 0);

test.each<[cause: string, mistake: Mistake, fields?: Partial<Normalization>]>([
  ['gamma left out', (row, n) => scaled({ ...row, weights: ones(row) }, right(row.x, n))],
  ['beta left out', (row, n) => scaled({ ...row, shifts: zeros(row) }, right(row.x, n))],
  [
    'the weightOffset left out',
    (row, n) => scaled({ ...row, weights: row.weights.map((weight) => weight - 1) }, right(row.x, n)),
    { weightOffset: 1 },
  ],
  ['eps left out', withR((x, n) => right(x, { ...n, eps: 0 }))],
  ['the option scale (alpha) left out', withR((x, n) => right(x, { ...n, alpha: 1 })), { alpha: 2.5 }],
  ['every feature in the statistic', withR((x, n) => right(x, { ...n, statSize: 12 })), { statSize: 5 }],
  ['divided by size', withR((x, n) => 1 / Math.sqrt(sumOf(x.slice(0, 5)) / 12 + n.eps)), { statSize: 5 }],
  ['eps added outside of the root', withR((x, n) => 1 / (Math.sqrt(sumOf(x) / 12) + n.eps))],
  ['eps added to the sum of squares', withR((x, n) => 1 / Math.sqrt((sumOf(x) + n.eps) / 12))],
  ["epsMode 'clamp' where it is 'add'", withR((x, n) => Math.sqrt(12) / Math.max(Math.sqrt(sumOf(x)), n.eps))],
  ["epsMode 'add' where it is 'clamp'", withR(right), { epsMode: 'clamp' }],
  ['the sum of squares in place of their mean', withR((x, n) => 1 / Math.sqrt(sumOf(x) + n.eps))],
  ['size ** -0.5 where', withR((x, n) => right(x, n) / 12)],
  ['no root taken', withR((x, n) => 1 / (sumOf(x) / 12 + n.eps))],
  ['not normalized', withR(() => 1)],
  [
    'the mean subtracted',
    (row, n) => {
      const mean = row.x.reduce((sum, value) => sum + value, 0) / 12;
      const x = row.x.map((value) => value - mean);
      return scaled({ ...row, x }, right(x, n));
    },
  ],
])('%s', (cause, mistake, fields) => {
  expect(messageOf(mistake, fields)).toMatch(/; that is what comes of /);
  expect(messageOf(mistake, fields)).toContain(cause);
});

test('the same in a 16-bit type, which is rounded', () => {
  expect(
    messageOf(
      withR((x, n) => 1 / Math.sqrt(sumOf(x) + n.eps)),
      {},
      'bfloat16',
    ),
  ).toContain('in place of their mean');
});

test('an error of a few ulp is no such mistake', () => {
  const message = messageOf(
    withR((x, n) => right(x, n) * (1 + 2 ** -17)),
    { eps: 1e-9 },
  );
  expect(message).toContain('elements of y are wrong');
  expect(message).not.toContain('that is what comes of');
});
