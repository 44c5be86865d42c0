import type { Problem } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { gathered, scatter, slicesOf } from './host-slices.ts';

const MB = 2 ** 20;

function problem(layout: Pick<Problem, 'outer' | 'groups' | 'size' | 'inner'>, dtype: Problem['dtype']): Problem {
  const statSize = layout.size;
  return {
    ...layout,
    ...{ statSize, dtype, eps: 1e-6, epsMode: 'add', alpha: 1, weightOffset: 0, casting: 'gemma' },
  };
}

test.each<
  [layout: [outer: number, groups: number, size: number, inner: number], dtype: Problem['dtype'], largest: number]
>([
  [[1, 1, 8, 1], 'float32', 1000],
  [[100, 1, 8, 1], 'float32', 1000],
  [[100, 3, 5, 1], 'float16', 1000],
  [[3, 2, 5, 7], 'bfloat16', 1000],
  [[2, 2, 5, 7], 'float32', 125],
  [[2, 2, 5, 7], 'float16', 60],
  [[1, 1, 3, 1001], 'float32', 1000],
  [[2, 1, 3, 1002], 'float16', 400],
])(
  'slices of %j %s in buffers of %i bytes cover each element once, and fit',
  ([outer, groups, size, inner], dtype, largest) => {
    const rows = problem({ outer, groups, size, inner }, dtype);
    const element = dtype === 'float32' ? 4 : 2;
    const array = Uint8Array.from({ length: outer * groups * size * inner * element }, (_, i) => i % 251);
    const copy = new Uint8Array(array.length);
    for (const slice of slicesOf(rows, largest)) {
      const packed = gathered(slice, array);
      expect(packed.length).toBe(slice.problem.outer * groups * size * slice.problem.inner * element);
      expect(packed.length).toBeLessThanOrEqual(largest);
      expect(slice.problem).toEqual({ ...rows, outer: slice.problem.outer, inner: slice.problem.inner });
      // A lone column would be summed in another order.
      if (inner > 1) expect(slice.problem.inner).toBeGreaterThan(1);
      const target = gathered(slice, copy);
      expect(target.every((byte) => byte === 0)).toBe(true);
      if (slice.pieces === 1) target.set(packed);
      else scatter(slice, packed, copy);
    }
    expect(copy).toEqual(array);
  },
);

test('an array of gigabytes goes in slices of 32 MiB, columns in multiples of four', () => {
  const slices = slicesOf(problem({ outer: 2 ** 20, groups: 1, size: 1024, inner: 1 }, 'float32'), 256 * MB);
  expect(slices).toHaveLength(128);
  const columns = slicesOf(problem({ outer: 1, groups: 1, size: 512, inner: 1001 * 1001 }, 'float32'), 256 * MB);
  for (const { problem, pieces, length } of columns) expect(pieces * length).toBe(512 * problem.inner * 4);
  expect(Math.max(...columns.map(({ pieces, length }) => pieces * length))).toBeLessThanOrEqual(32 * MB);
  expect(columns.slice(0, -1).filter(({ problem }) => problem.inner % 4 !== 0)).toEqual([]);
});

test('a row that does not fit is left to the device, which says so', () => {
  const rows = problem({ outer: 2, groups: 1, size: 1000, inner: 1 }, 'float32');
  expect(slicesOf(rows, 1000).map(({ length }) => length)).toEqual([4000, 4000]);
});
