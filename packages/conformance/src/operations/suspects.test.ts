import { expect, test } from 'vitest';
import { createRandom } from '../inputs/random.ts';
import { ADD_FORWARD } from './add-forward.ts';
import { BACKWARD } from './backward.ts';
import { FORWARD } from './forward.ts';
import { GATED_FORWARD } from './gated-forward.ts';
import type { PreparedCall, Results } from './operation-model.ts';
import { SUM_SQUARES } from './sharded.ts';

const SHAPE = [4, 9];
const OPTIONS = { dim: 9, axis: -1, eps: 0.25 } as const;

function messageOf(prepared: PreparedCall, results: Results): string {
  try {
    prepared.compare(results, { accuracy: 'ieee' });
  } catch (error) {
    return (error as Error).message;
  }
  return 'passed';
}

/** The inputs of a call, by their names. */
function inputsOf(prepared: PreparedCall): (name: string) => Float64Array {
  return (name) => Float64Array.from(prepared.inputs[name]?.content.values ?? []);
}

const rowOf = (flat: number): number => Math.floor(flat / 9);

/** 1 / sqrt(mean of squares + eps) of each row. */
function rootsOf(x: ArrayLike<number>): number[] {
  return Array.from({ length: 4 }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < 9; i++) sum += x[row * 9 + i]! ** 2;
    return 1 / Math.sqrt(sum / 9 + 0.25);
  });
}

interface Backward {
  readonly x: Float64Array;
  readonly dy: Float64Array;
  readonly gamma: Float64Array;
  readonly dsum: Float64Array;
  readonly r: readonly number[];
}

/** dx, with the gamma, dsum and factor of its second term that are given. */
function dxOf(
  { x, dy, r }: Backward,
  gamma: (i: number) => number,
  dsum: (flat: number) => number,
  factor: number,
): number[] {
  const g = dy.map((value, flat) => value * gamma(flat % 9));
  const dots = Array.from({ length: 4 }, (_, row) => {
    let dot = 0;
    for (let i = 0; i < 9; i++) dot += g[row * 9 + i]! * x[row * 9 + i]!;
    return dot / 9;
  });
  return Array.from(
    x,
    (value, flat) =>
      g[flat]! * r[rowOf(flat)]! - factor * value * r[rowOf(flat)]! ** 3 * dots[rowOf(flat)]! + dsum(flat),
  );
}

function dgammaOf({ x, dy, gamma, r }: Backward, term: 'right' | 'unnormalized' | 'weighted' | 'dbeta'): number[] {
  const sums = new Array<number>(9).fill(0);
  for (let flat = 0; flat < x.length; flat++) {
    const factor = { right: x[flat]! * r[rowOf(flat)]!, unnormalized: x[flat]!, weighted: 0, dbeta: 1 }[term];
    sums[flat % 9]! += dy[flat]! * (term === 'weighted' ? gamma[flat % 9]! * x[flat]! * r[rowOf(flat)]! : factor);
  }
  return sums;
}

const prepared = BACKWARD.prepare({ shape: SHAPE, options: OPTIONS, dsum: true } as never, createRandom(3));
const input = inputsOf(prepared);
const backward: Backward = {
  x: input('x'),
  dy: input('dy'),
  gamma: input('gamma'),
  dsum: input('dsum'),
  r: rootsOf(input('x')),
};
const gamma = (i: number): number => backward.gamma[i]!;
const dsum = (flat: number): number => backward.dsum[flat]!;

test('a right backward passes', () => {
  expect(messageOf(prepared, { dx: dxOf(backward, gamma, dsum, 1), dgamma: dgammaOf(backward, 'right') })).toBe(
    'passed',
  );
});

test.each([
  ['gamma left out', () => dxOf(backward, () => 1, dsum, 1)],
  ['dsum left out', () => dxOf(backward, gamma, () => 0, 1)],
  ['r taken for a constant', () => dxOf(backward, gamma, dsum, 0)],
  ['added, not subtracted', () => dxOf(backward, gamma, dsum, -1)],
])('dx: %s', (cause, dx) => {
  const message = messageOf(prepared, { dx: dx(), dgamma: dgammaOf(backward, 'right') });
  expect(message).toMatch(/elements of dx are wrong.*that is what comes of/);
  expect(message).toContain(cause);
});

test.each([
  ['x that is not normalized', 'unnormalized'],
  ['dbeta in its place', 'dbeta'],
  ['dy times gamma', 'weighted'],
] as const)('dgamma: %s', (cause, term) => {
  const message = messageOf(prepared, { dx: dxOf(backward, gamma, dsum, 1), dgamma: dgammaOf(backward, term) });
  expect(message).toMatch(/elements of dgamma are wrong.*that is what comes of/);
  expect(message).toContain(cause);
});

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

test.each([
  ['the gate before the norm', true, true, (z: number) => z * sigmoid(z)],
  ['the norm before the gate', false, false, (z: number) => z * sigmoid(z)],
  ['sigmoid(gate) in place of silu(gate)', true, false, sigmoid],
  ['sigmoid(gate) in place of silu(gate)', false, true, sigmoid],
  ['the gate as it is, without silu', true, false, (z: number) => z],
  ['the gate left out', false, false, () => 1],
])('gated: %s, normBeforeGate %s', (cause, normBeforeGate, gateFirst, activation) => {
  const call = GATED_FORWARD.prepare({ shape: SHAPE, options: { ...OPTIONS, normBeforeGate } }, createRandom(4));
  const operand = inputsOf(call);
  const factors = operand('gate').map(activation);
  const x = gateFirst ? operand('x').map((value, flat) => value * factors[flat]!) : operand('x');
  const r = rootsOf(x);
  const y = x.map(
    (value, flat) => value * r[rowOf(flat)]! * operand('gamma')[flat % 9]! * (gateFirst ? 1 : factors[flat]!),
  );
  expect(messageOf(call, { y })).toContain(`that is what comes of ${cause}`);
});

test('a sum without the residual, and results that hold nothing but zeros', () => {
  const call = ADD_FORWARD.prepare({ shape: SHAPE, options: OPTIONS }, createRandom(4));
  const x = inputsOf(call)('x');
  expect(messageOf(call, { sum: x, y: x })).toContain('that is what comes of x alone, the residual left out');
  expect(messageOf(call, { sum: x.map(() => 0), y: x })).toContain(
    'all of them are 0: look at whether anything was written',
  );
});

test('the end of a result that is lost', () => {
  const dx = dxOf(backward, gamma, dsum, 1).map((value, flat) => (flat < 30 ? value : 7));
  const message = messageOf(prepared, { dx, dgamma: dgammaOf(backward, 'right') });
  expect(message).toContain(
    'they are the last 6 of 36, and all before is right: look at the end of a transfer, or of the grid',
  );
});

test.each([
  ['the mean of the squares, not their sum', (squares: number) => squares / 9],
  ['the norm, the root of the sum', (squares: number) => Math.sqrt(squares)],
])('sums: %s', (cause, of) => {
  const call = SUM_SQUARES.prepare({ shape: SHAPE, options: OPTIONS }, createRandom(4));
  const sums = rootsOf(inputsOf(call)('x')).map((r) => of((1 / r ** 2 - 0.25) * 9));
  expect(messageOf(call, { sums })).toContain(`that is what comes of ${cause}`);
});

test.each([
  ['r itself, with alpha in it', (r: number) => 2 * r],
  ['the root, not what divides by it', (r: number) => 1 / r],
  ['the mean square, not its inverse root', (r: number) => 1 / r ** 2],
])('rstd: %s', (cause, of) => {
  const options = { ...OPTIONS, scale: 2 * Math.sqrt(9) };
  const call = FORWARD.prepare({ shape: SHAPE, options, rstd: true }, createRandom(4));
  const operand = inputsOf(call);
  const r = rootsOf(operand('x'));
  const y = operand('x').map((value, flat) => value * 2 * r[rowOf(flat)]! * operand('gamma')[flat % 9]!);
  expect(messageOf(call, { y, rstd: r })).toBe('passed');
  expect(messageOf(call, { y, rstd: r.map(of) })).toContain(`that is what comes of ${cause}`);
});
