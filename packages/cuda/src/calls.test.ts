import { OPERATIONS, OPS, type Op, type Problem, problemOf, type RMSNorm, resolveOptions } from '@rmsnorm/core';
import { describe, expect, test } from 'vitest';
import { type AnyProblem, Calls } from './calls.ts';
import { DTYPE, fieldOf, OP, type Places, placesIn } from './fields.ts';
import { SUPPORTS } from './supports.ts';

const NAMES = [
  ...['op', 'dtype', 'outer', 'groups', 'size', 'inner', 'statSize', 'numerator', 'sumFactor', 'epsUnderRoot'],
  ...['leastNorm', 'clampedNorm', 'leastSum', 'alpha', 'weightOffset', 'llama', 'normBeforeGate', 'count'],
  ...['hasScale', 'scale', 'x', 'residual', 'gate', 'gamma', 'beta', 'dy', 'rstdIn', 'dsum', 'sumsIn', 'y', 'sum'],
  ...['rstd', 'sums', 'dx', 'dgamma', 'dbeta', 'q', 'scales'],
];
const places = placesIn(NAMES) as Places;

const PROBLEM: Problem = problemOf(
  resolveOptions({ dim: 12, groups: 3, partial: 0.5, scale: 5, weightOffset: 1 }),
  [2, 12, 7],
  'bfloat16',
);

function numbersOf(op: Op, p: AnyProblem): Record<string, number> {
  const call = new Calls(places, NAMES.length).of(OP[op], p);
  return Object.fromEntries(NAMES.map((name, i) => [name, call[i]!]).filter(([, value]) => value !== 0));
}

test('the codes of operations are their places in the table, and all are supported', () => {
  expect(Object.keys(OP)).toEqual([...OPS]);
  expect(Object.values(OP)).toEqual(OPS.map((_, i) => i));
  expect(SUPPORTS.ops).toEqual(OPS);
  expect(DTYPE).toEqual({ float32: 0, float16: 1, bfloat16: 2 });
});

test('every operand has a field, and no two of an operation the same', () => {
  for (const op of OPS) {
    const fields = OPERATIONS[op].operands.map(({ name, role }) => places[fieldOf(name, role)]);
    expect(fields.every((place) => place >= NAMES.indexOf('x'))).toBe(true);
    expect(new Set(fields).size).toBe(fields.length);
  }
});

test('names what an addon lacks', () => {
  expect(placesIn(NAMES.slice(2))).toEqual(['op', 'dtype']);
});

describe('a call', () => {
  test('has the numbers of its problem', () => {
    expect(numbersOf('addForward', PROBLEM)).toEqual({
      ...{ op: 1, dtype: 2, outer: 2, groups: 3, size: 4, inner: 7, statSize: 2 },
      ...{ numerator: 1, sumFactor: 0.5, epsUnderRoot: 1e-6, clampedNorm: -1, alpha: 2.5, weightOffset: 1 },
    });
  });

  test('has those that one operation adds', () => {
    expect(numbersOf('gatedForward', { ...PROBLEM, normBeforeGate: true })).toMatchObject({ op: 2, normBeforeGate: 1 });
    expect(numbersOf('forwardQuantized', { ...PROBLEM, scale: 0.25 })).toMatchObject({ hasScale: 1, scale: 0.25 });
    const ownScales = numbersOf('forwardQuantized', { ...PROBLEM, scale: null });
    expect([ownScales.hasScale, ownScales.scale]).toEqual([undefined, undefined]);
    expect(numbersOf('scaleBy', { ...PROBLEM, count: 64 })).toMatchObject({ count: 64, sumFactor: 1 / 64 });
    expect(numbersOf('forward', { ...PROBLEM, casting: 'llama' })).toMatchObject({ llama: 1 });
  });

  test('is found again by its problem and operation', () => {
    const calls = new Calls(places, NAMES.length);
    const other = { ...PROBLEM };
    const first = calls.of(OP.forward, PROBLEM);
    expect(calls.of(OP.addForward, PROBLEM)).not.toBe(first);
    expect(calls.of(OP.forward, other)).not.toBe(first);
    expect(calls.of(OP.forward, PROBLEM)).toBe(first);
  });

  test('does not compile, or throws, with a value that only core knows', () => {
    expect(() => numbersOf('forward', { ...PROBLEM, casting: 'new' as 'llama' })).toThrow(/no casting 'new'/);
    expect(() => numbersOf('forward', { ...PROBLEM, epsMode: 'new' as 'add' })).toThrow(/no epsMode 'new'/);
  });
});

describe('the statistic', () => {
  // What the formula of core's problem.ts gives for a row with this sum of squares.
  const rstd = (p: Problem, sum: number): number =>
    p.epsMode === 'add' ? 1 / Math.sqrt(sum / p.statSize + p.eps) : Math.sqrt(p.size) / Math.max(Math.sqrt(sum), p.eps);

  test.each<[string, ConstructorParameters<typeof RMSNorm>[0]]>([
    ['add', { dim: 8 }],
    ['add, partial', { dim: 8, partial: 0.4 }],
    ['clamp', { dim: 8, epsMode: 'clamp', eps: 0.5 }],
    ['add, eps 0', { dim: 8, eps: 0 }],
  ])('%s', (_what, options) => {
    const p = problemOf(resolveOptions(options as { dim: number }), [1, 8], 'float32');
    const n = numbersOf('forward', p);
    const of = (name: string): number => n[name] ?? 0;
    for (const sum of [0.1, 1, 3, 1e-3, 1e20]) {
      const root = Math.sqrt(sum * of('sumFactor') + of('epsUnderRoot'));
      const value = of('numerator') / Math.max(root, of('leastNorm'));
      expect(Math.abs(value / rstd(p, sum) - 1)).toBeLessThan(1e-15);
    }
  });

  test('tells sums that lost terms, unless eps dominates them or they are given', () => {
    const p = problemOf(resolveOptions({ dim: 8, eps: 0 }), [1, 8], 'float32');
    expect(numbersOf('forward', p).leastSum).toBe(8 * 2 ** -98);
    expect(numbersOf('scaleBy', { ...p, count: 8 }).leastSum).toBeUndefined();
    expect(numbersOf('forward', { ...p, eps: 1e-6 }).leastSum).toBeUndefined();
    expect(numbersOf('forward', { ...p, eps: 1e-40 }).leastSum).toBe(8 * 2 ** -98);
    expect(numbersOf('forward', { ...p, epsMode: 'clamp', eps: 1e-12 }).leastSum).toBeUndefined();
    expect(numbersOf('forward', { ...p, epsMode: 'clamp', eps: 1e-20 }).leastSum).toBe(8 * 2 ** -98);
  });
});
