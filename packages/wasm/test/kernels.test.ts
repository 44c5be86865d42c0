import { bfloat16Bits, bfloat16Value, float16Bits, float16Value } from '@rmsnorm/core';
import { describe, expect, test } from 'vitest';
import { Descriptor } from '../src/descriptor.ts';
import { OP, WORD } from '../src/generated/descriptor/index.ts';
import { HEAP_BASE, MODULE_BYTES, PAGE_BYTES } from '../src/kernels.ts';
import { difference, encoded, forward, instantiate, numbers, problemOf } from './forward-in-memory.ts';

// What the conformance suite cannot see: which loops a call takes, addresses, bytes of scratch memory, single bits.

describe.each(['float32', 'float16', 'bfloat16'] as const)('%s', (dtype) => {
  // Few rows and many, cached and not, take different loops: see assembly/rows/rows.ts.
  test.each([1, 3, 16, 64, 129, 1000, 2048, 4096, 20000])(
    'a row of %i has the same bits however it is done',
    (size) => {
      const rows = Math.max(7, Math.ceil(600_000 / size));
      const x = encoded(numbers(rows * size, size), dtype);
      const gamma = numbers(size, 7);
      const together = forward({ dtype, outer: rows, size }, x, gamma);
      expect(difference(forward({ dtype, outer: rows, size, inPlace: true }, x, gamma), together)).toBe(-1);
      expect(difference(forward({ dtype, outer: rows, size, inTurn: true }, x, gamma), together)).toBe(-1);
      expect(
        difference(forward({ dtype, outer: 3, size }, x.slice(0, 3 * size), gamma), together.slice(0, 3 * size)),
      ).toBe(-1);
      for (const row of [0, 1, rows >> 1, rows - 2, rows - 1]) {
        const alone = forward({ dtype, size }, x.slice(row * size, (row + 1) * size), gamma);
        expect(difference(alone, together.slice(row * size, (row + 1) * size))).toBe(-1);
      }
    },
  );

  // A slab of up to 4096 columns is one strip, a wider one several.
  test.each([1100, 5000])('a column of %i has the same bits in every width, place and strip', (wide) => {
    const size = 37;
    const x = encoded(numbers(size * wide, 5), dtype);
    const gamma = numbers(size, 3);
    const expected = forward({ dtype, size, inner: wide }, x, gamma);
    for (const inner of [2, 3, 5, 16, 49, 64, 65, 200]) {
      for (const first of [0, 1, wide - inner]) {
        const part = x.slice(0, size * inner);
        for (let i = 0; i < size; i++) part.set(x.subarray(i * wide + first, i * wide + first + inner), i * inner);
        const y = forward({ dtype, size, inner, inPlace: first === 1 }, part, gamma);
        for (let i = 0; i < size; i++) {
          const found = y.slice(i * inner, (i + 1) * inner);
          expect(difference(found, expected.slice(i * wide + first, i * wide + first + inner))).toBe(-1);
        }
      }
    }
  });
});

// A row that begins with 1 and has statSize 1 and eps 0 has r = 1: y is gamma * x, rounded.
describe.each([
  ['float16', float16Bits, float16Value],
  ['bfloat16', bfloat16Bits, bfloat16Value],
] as const)('%s conversions', (dtype, bits, value) => {
  test('every value survives', () => {
    const x = Uint16Array.from({ length: 65536 + 8 }, (_, i) => (i < 8 ? bits(1) : i - 8));
    const y = forward({ dtype, size: x.length, statSize: 1, eps: 0 }, x, new Float32Array(x.length).fill(1));
    const wrong = [...x.keys()].filter((i) => !Object.is(value(y[i]!), value(x[i]!)));
    expect(wrong).toEqual([]);
  });

  test.each([false, true])('every result is the nearest, ties to even (with special values: %s)', (special) => {
    // Each of 16 bits, and the float32 just before, on and behind the middle of it and the next.
    const word = new Uint32Array(1);
    const single = new Float32Array(word.buffer);
    const values: number[] = [1];
    for (let i = 0; i < 0x7fff; i++) {
      const [low, high] = [value(i), value(i + 1)];
      single[0] = (low + high) / 2;
      if (!Number.isFinite(low) || !Number.isFinite(high) || single[0] === 0) continue;
      for (const step of [-1, 0, 1]) {
        const middle = word[0]!;
        word[0] = middle + step;
        values.push(i & 1 ? single[0]! : -single[0]!);
        word[0] = middle;
      }
    }
    if (special) values.push(Number.NaN, Number.POSITIVE_INFINITY, -3e38, 65519.99, 65520);
    const gamma = Float32Array.from(values);
    const x = new Uint16Array(gamma.length).fill(bits(1));
    const y = forward({ dtype, size: x.length, statSize: 1, eps: 0 }, x, gamma);
    const wrong = [...gamma.keys()].filter((i) => !Object.is(value(y[i]!), value(bits(gamma[i]!))));
    expect(wrong).toEqual([]);
  });
});

// Rows whose weights are huge go through float32 memory, one by one, instead of the loops of 16-bit elements.
describe.each([
  ['float16', 0x7c00],
  ['bfloat16', 0x7f80],
] as const)('%s rows in both ways', (dtype, special) => {
  const HUGE = 1e16;

  test.each([1, 2, 7, 8, 15, 16, 31, 33, 100, 1000, 4100])('%i features have the same bits', (size) => {
    const rows = Math.ceil(40_000 / size);
    // All magnitudes; the rows of the one half are small enough that nothing overflows.
    const x = Uint16Array.from(numbers(rows * size, 17), (number, i) => {
      const bits = (Math.abs(number) * 2 ** 15) % (i < (rows * size) / 2 ? special : special / 2);
      return Math.trunc(bits) | (number < 0 ? 0x8000 : 0);
    });
    const gamma = numbers(size + 1, 19)
      .subarray(1)
      .map((weight, i) => (i % 5 ? weight : weight * 2 ** -20));
    const fast = forward({ dtype, outer: rows, size }, x, gamma);
    for (const place of new Set([0, size - 1])) {
      const changed = gamma.slice();
      changed[place] = HUGE;
      const slow = forward({ dtype, outer: rows, size }, x, changed);
      for (let row = 0; row < rows; row++) slow[row * size + place] = fast[row * size + place]!;
      expect(difference(slow, fast)).toBe(-1);
    }
  });

  test('rows that are not plain among those that are', () => {
    const size = 24;
    const rows = 150;
    const x = encoded(numbers(rows * size, 23), dtype) as Uint16Array;
    const gamma = numbers(size, 29);
    const alone = forward({ dtype, outer: rows, size }, x, gamma);
    const bad = [0, 64, 70, 71, 149];
    for (const [i, row] of bad.entries()) x[row * size + i] = i & 1 ? special : special + 1;
    const among = forward({ dtype, outer: rows, size }, x, gamma);
    for (const row of bad) {
      expect(difference(among, alone)).toBe(row * size);
      among.set(alone.subarray(row * size, (row + 1) * size), row * size);
    }
    expect(difference(among, alone)).toBe(-1);
  });

  // Every result of a row of ones is its weight, rounded: here in the loops of 16-bit elements.
  test('every weight is rounded to the nearest, ties to even', () => {
    const [bits, value, one] =
      dtype === 'float16' ? [float16Bits, float16Value, 0x3c00] : [bfloat16Bits, bfloat16Value, 0x3f80];
    const below = dtype === 'float16' ? 16_000 : 9e14;
    const word = new Uint32Array(1);
    const single = new Float32Array(word.buffer);
    const weights: number[] = [];
    for (let i = 0; value(i + 1) < below; i++) {
      single[0] = (value(i) + value(i + 1)) / 2;
      const middle = word[0]!;
      for (const step of [-1, 0, 1]) {
        word[0] = middle + step;
        // What is subnormal as a float32 is none of y's numbers.
        if (single[0]! >= 2 ** -126) weights.push(i & 1 ? single[0]! : -single[0]!);
      }
    }
    expect(weights.length).toBeGreaterThan(50_000);
    const size = 16;
    const wrong: number[] = [];
    for (let at = 0; at < weights.length; at += size) {
      const gamma = new Float32Array(size).fill(1);
      gamma.set(weights.slice(at, at + size));
      const y = forward({ dtype, size, eps: 0 }, new Uint16Array(size).fill(one), gamma);
      for (const [i, weight] of gamma.entries()) if (y[i] !== bits(weight)) wrong.push(weight);
    }
    expect(wrong).toEqual([]);
  });

  test.each([5, 31, 100])('%i features at the end of the memory', async (size) => {
    const small = new WebAssembly.Memory({ initial: 10 });
    const there = await instantiate(small);
    const rows = 3;
    const x = encoded(numbers(rows * size, 31), dtype) as Uint16Array;
    const gamma = numbers(size, 37);
    const at = small.buffer.byteLength - x.byteLength;
    const [weights, scratch] = [HEAP_BASE, HEAP_BASE + 4096];
    new Uint16Array(small.buffer, at).set(x);
    new Float32Array(small.buffer, weights, size).set(gamma);
    const descriptor = new Descriptor(small, MODULE_BYTES);
    const problem = problemOf({ dtype, outer: rows, size });
    descriptor.describe(OP.forward, problem, problem);
    there.complete(descriptor.address);
    const { words } = descriptor;
    words[WORD.x] = words[WORD.y] = at;
    words[WORD.gamma] = weights;
    there.run(descriptor.address, scratch);
    expect(difference(new Uint16Array(small.buffer, at), forward({ dtype, outer: rows, size }, x, gamma))).toBe(-1);
  });
});

test('addresses beyond 2 GB', async () => {
  const above = new WebAssembly.Memory({ initial: 2 ** 31 / PAGE_BYTES + 64, maximum: 65536 });
  const there = await instantiate(above);
  for (const base of [2 ** 31 - 3000, 2 ** 31 + 640]) {
    for (const call of [
      { outer: 9, size: 70 },
      { outer: 2, size: 40, inner: 19 },
      { outer: 1, size: 1234 },
    ]) {
      for (const dtype of ['float32', 'float16', 'bfloat16'] as const) {
        const x = encoded(numbers(call.outer * call.size * (call.inner ?? 1), 11), dtype);
        const gamma = numbers(call.size, 13);
        const expected = forward({ ...call, dtype }, x, gamma);
        expect(difference(forward({ ...call, dtype, base }, x, gamma, above, there), expected)).toBe(-1);
      }
    }
  }
});
