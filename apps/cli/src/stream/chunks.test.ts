import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extentOf, planChunks } from './chunks.ts';

const layouts = fc.record({
  outer: fc.nat(5),
  groups: fc.integer({ min: 1, max: 4 }),
  size: fc.integer({ min: 1, max: 6 }),
  inner: fc.nat(9),
});

test('chunks cover every element once, stay below the limit, and are never one wide where inner is not', () => {
  fc.assert(
    fc.property(layouts, fc.constantFrom(2, 4), fc.integer({ min: 8, max: 2000 }), (layout, bytes, limit) => {
      const { outer, groups, size, inner } = layout;
      const narrowest = inner <= 1 ? 1 : 2 + (inner % 2);
      fc.pre(size * narrowest * bytes <= limit);
      const plan = planChunks(layout, bytes, limit);
      const seen = new Uint8Array(outer * groups * size * inner * bytes);
      let count = 0;
      for (const chunk of plan.chunks()) {
        const extent = extentOf(layout, chunk, bytes, 0);
        count++;
        expect(extent.bytes * extent.count).toBe(chunk.outers * chunk.groups * size * chunk.width * bytes);
        expect(extent.bytes * extent.count).toBeLessThanOrEqual(plan.largestBytes);
        if (inner > 1) expect(chunk.width).toBeGreaterThan(1);
        for (let piece = 0; piece < extent.count; piece++) {
          const start = extent.position + piece * extent.stride;
          for (let at = start; at < start + extent.bytes; at++) seen[at]!++;
        }
      }
      expect(count).toBe(plan.count);
      expect(plan.largestBytes).toBeLessThanOrEqual(limit);
      expect(seen.every((times) => times === 1)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

describe('where it is cut', () => {
  const layout = { outer: 10, groups: 4, size: 8, inner: 16 };
  const slab = 4 * 8 * 16 * 4;

  test.each([
    [10 * slab, 'nothing', 1],
    [3 * slab, 'outer', 4],
    [slab - 1, 'groups', 20],
    [slab / 4 - 1, 'inner', 80],
    [2 * 8 * 4, 'inner', 320],
  ])('at most %d bytes: along %s, %d chunks', (limit, along, count) => {
    expect(planChunks(layout, 4, limit)).toMatchObject({ along, count });
  });

  test('strips differ by at most one, so that no rest is narrow', () => {
    const widths = [...planChunks({ outer: 1, groups: 1, size: 8, inner: 100 }, 4, 8 * 4 * 33).chunks()].map(
      (c) => c.width,
    );
    expect(widths).toEqual([25, 25, 25, 25]);
  });

  test.each([
    [{ outer: 1, groups: 1, size: 512, inner: 1_100_000 }, 4, 'inner'],
    [{ outer: 3, groups: 3, size: 1 << 20, inner: 400 }, 4, 'groups'],
    [{ outer: 3, groups: 1, size: 1 << 28, inner: 4 }, 2, 'inner'],
    [{ outer: 3, groups: 1, size: 1, inner: 2 ** 31 }, 4, 'inner'],
  ])('parts are below 2 GiB, whatever the memory: %j', (large, elementBytes, along) => {
    const plan = planChunks(large, elementBytes, 2 ** 40);
    expect(plan.along).toBe(along);
    expect(plan.largestBytes).toBeLessThan(2 ** 31);
    for (const chunk of plan.chunks()) {
      const { bytes, count } = extentOf(large, chunk, elementBytes, 0);
      expect(bytes * count).toBeLessThanOrEqual(plan.largestBytes);
    }
  });

  test('a row of 2 GiB is refused, and no memory would help', () => {
    const message =
      'one row of 536870912 elements must be in memory at once and take 2147483648 bytes, ' +
      'a chunk may take 2147479552 with any --memory: such rows are beyond this program';
    expect(() => planChunks({ outer: 1, groups: 1, size: 2 ** 29, inner: 1 }, 4, 2 ** 40)).toThrow(message);
  });

  test.each([
    [
      { outer: 3, groups: 2, size: 1000, inner: 1 },
      'one row of 1000 elements must be in memory at once and take 4.00 kB, a chunk may take 3.00 kB',
    ],
    [
      { outer: 3, groups: 2, size: 1000, inner: 4 },
      '2 neighbouring rows of 1000 elements must be in memory at once and take 8.00 kB',
    ],
    [
      { outer: 3, groups: 2, size: 1000, inner: 5 },
      '3 neighbouring rows of 1000 elements must be in memory at once and take 12.0 kB',
    ],
  ])('a row that does not fit', (tooLarge, message) => {
    expect(() => planChunks(tooLarge, 4, 3000)).toThrow(`RMSNORM_OUT_OF_MEMORY: ${message}`);
    expect(() => planChunks(tooLarge, 4, 3000)).toThrow('give at least --memory 1MiB');
  });
});
