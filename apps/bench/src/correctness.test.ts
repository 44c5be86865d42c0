import { expect, it } from 'vitest';
import { smallWorkload } from '../test/small-workload.ts';
import { copySource } from './copy-source.ts';
import { mistakeIn } from './correctness.ts';
import { channelsFirst, rows } from './shapes.ts';

const work = smallWorkload('forward');
const expected = work.expected.y!.values;

it('accepts the right answer, and one of another order of summation', () => {
  expect(mistakeIn({ y: expected }, 'norm', work)).toBeNull();
  expect(mistakeIn({ y: expected.map((y) => y * (1 + 1e-6)) }, 'norm', work)).toBeNull();
});

it('rows of expected / gamma have RMS 1', () => {
  for (const row of [0, 1]) {
    const normed = expected.slice(row * 8, row * 8 + 8).map((y, i) => y / work.gamma[i]!);
    expect(Math.sqrt(normed.reduce((sum, y) => sum + y * y, 0) / 8)).toBeCloseTo(1, 5);
  }
});

it.each([
  ['one element off', (y: Float32Array) => y.map((v, i) => (i === 13 ? v * 1.001 : v)), 'y: element 13'],
  ['a NaN', (y: Float32Array) => y.map((v, i) => (i === 5 ? Number.NaN : v)), 'y: element 5 is NaN'],
  ['zeros', (y: Float32Array) => y.map(() => 0), 'y: element'],
  ['too short', (y: Float32Array) => y.slice(1), 'y: 15 elements, not 16'],
  ['x itself', () => work.inputs.x as Float32Array, 'y: element'],
])('names %s', (_, spoil, message) => {
  expect(mistakeIn({ y: spoil(expected) }, 'norm', work)).toContain(message);
});

it('names the farthest of all that are wrong, and how many there are, in how many rows', () => {
  const y = expected.map((v, i) => (i === 3 ? v + 0.25 : i === 5 ? v - 0.5 : v));
  expect(mistakeIn({ y }, 'norm', work)).toBe(
    `y: element 5 is ${y[5]}, not ${expected[5]}; 2 of 16 are wrong, in 1 of 2 rows`,
  );
  const columns = smallWorkload('backward', channelsFirst([2, 6, 3]));
  const { dx, dgamma } = columns.expected;
  const off = dx!.values.map((v, i) => (i === 4 || i === 7 ? Number.NaN : v));
  expect(mistakeIn({ dx: off, dgamma: dgamma!.values }, 'norm', columns)).toContain(
    '; 2 of 36 are wrong, in 1 of 6 rows',
  );
  const most = dgamma!.values.map((v, i) => (i === 1 ? v + 1 : v));
  expect(mistakeIn({ dx: dx!.values, dgamma: most }, 'norm', columns)).toMatch(
    /^dgamma: element 1 .*; 1 of 6 are wrong$/,
  );
});

it('names an output that is missing', () => {
  expect(mistakeIn({ y: work.inputs.x }, 'norm', smallWorkload('addForward'))).toMatch(/^y: element/);
  const { expected: both } = smallWorkload('addForward');
  expect(mistakeIn({ y: both.y!.values }, 'norm', smallWorkload('addForward'))).toBe('sum: is missing');
});

it('a copy moves what the workload moves, and is compared byte by byte', () => {
  const source = copySource(work);
  expect(source).toEqual(new Uint8Array(work.inputs.x.buffer));
  expect(mistakeIn({ copied: source }, 'copy', work)).toBeNull();
  expect(mistakeIn({ copied: source.map((byte, i) => (i === 3 ? byte ^ 1 : byte)) }, 'copy', work)).toContain('byte 3');
  expect(mistakeIn({ copied: source.slice(1) }, 'copy', work)).toBe('63 bytes, not 64');
});

it.each([
  ['forward', 4 + 4],
  ['addForward', 4 * 4],
  ['gatedForward', 3 * 4],
  ['backward', 3 * 4],
  ['forwardQuantized', 4 + 1],
] as const)('%s moves %i bytes for each element', (op, bytes) => {
  const { bytesMoved } = smallWorkload(op);
  expect(bytesMoved).toBe(16 * bytes);
  // A copy moves half of them, in whole vectors of 16 bytes.
  expect(copySource(smallWorkload(op)).length).toBe(bytesMoved / 2 - ((bytesMoved / 2) % 16));
});

it('dx is the gradient of sum(y * dy), by finite differences', () => {
  const shape = channelsFirst([2, 6, 3]);
  const back = smallWorkload('backward', shape);
  const x = back.inputs.x as Float32Array;
  const dy = back.inputs.dy as Float32Array;
  const { size, inner, outer } = shape.layout;
  const loss = (at: number, step: number): number => {
    let sum = 0;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const value = (k: number): number => {
          const index = (o * size + k) * inner + i;
          return x[index]! + (index === at ? step : 0);
        };
        let squares = 0;
        for (let k = 0; k < size; k++) squares += value(k) ** 2;
        for (let k = 0; k < size; k++) {
          sum += (value(k) / Math.sqrt(squares / size + back.eps)) * back.gamma[k]! * dy[(o * size + k) * inner + i]!;
        }
      }
    }
    return sum;
  };
  const dx = x.map((_, at) => (loss(at, 1e-5) - loss(at, -1e-5)) / 2e-5);
  expect(mistakeIn({ dx, dgamma: back.expected.dgamma!.values }, 'norm', back)).toBeNull();
});

it('q * scale is y within half a step', () => {
  const { expected: quantized, shape } = smallWorkload('forwardQuantized', rows(3, 16));
  const y = smallWorkload('forward', rows(3, 16)).expected.y!.values;
  for (const [i, value] of y.entries()) {
    const scale = quantized.scales!.values[Math.floor(i / shape.layout.size)]!;
    expect(Math.abs(Math.round(quantized.q!.values[i]!) * scale - value)).toBeLessThan(0.5001 * scale);
  }
});
