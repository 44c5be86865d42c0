import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cut, cut } from './cut.ts';

const problems: fc.Arbitrary<Cut> = fc
  .record({
    outer: fc.integer({ min: 1, max: 20 }),
    groups: fc.integer({ min: 1, max: 9 }),
    inner: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 200 })),
    threads: fc.integer({ min: 2, max: 8 }),
    most: fc.integer({ min: 1, max: 4 }),
    separable: fc.boolean(),
    step: fc.constantFrom(16, 32, 10_000),
  })
  .map((problem) => ({ ...problem, most: problem.most * problem.threads }));

describe('cut', () => {
  test('every column of every slab is in one chunk, and there are no more chunks than allowed', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { outer, groups, inner, most, separable, step } = problem;
        const chunks = cut(problem);
        expect(chunks.length).toBeLessThanOrEqual(most);
        const times = new Uint8Array(outer * groups * inner);
        for (const chunk of chunks) {
          expect(chunk.firstGroup).toBe(chunk.slab % groups);
          // Slabs lie one behind another only where all groups are taken, or one outer.
          if (chunk.outer > 1 || !separable) expect(chunk.groups).toBe(groups);
          expect(chunk.firstGroup + chunk.groups).toBeLessThanOrEqual(groups);
          expect(chunk.firstColumn % step).toBe(0);
          if (chunk.endColumn !== inner) expect(chunk.endColumn % step).toBe(0);
          // A column alone would be taken for a contiguous row, and have other bits.
          if (inner > 1) expect(chunk.endColumn - chunk.firstColumn).toBeGreaterThan(1);
          for (let slab = chunk.slab; slab < chunk.slab + chunk.outer * chunk.groups; slab++) {
            for (let column = chunk.firstColumn; column < chunk.endColumn; column++) times[slab * inner + column]!++;
          }
        }
        expect(times.every((count) => count === 1)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  const sizesOf = (problem: Partial<Cut>): number[] =>
    cut({ outer: 1, groups: 1, inner: 1, threads: 2, most: 8, separable: true, step: 1, ...problem }).map(
      ({ outer, groups, firstColumn, endColumn }) => outer * groups * (endColumn - firstColumn),
    );

  test.each<[string, Partial<Cut>, number[]]>([
    ['rows', { outer: 1000 }, [125, 125, 125, 125, 125, 125, 125, 125]],
    ['fewer rows than chunks', { outer: 6 }, [1, 1, 1, 1, 1, 1]],
    ['one row: not at all', {}, [1]],
    ['groups of one outer', { groups: 12, most: 4 }, [3, 3, 3, 3]],
    ['groups that belong together: not at all', { groups: 12, separable: false }, [12]],
    ['columns of one slab', { inner: 4096, step: 32 }, [2048, 2048]],
    ['columns of three slabs', { outer: 3, inner: 64, step: 32 }, [32, 32, 32, 32, 32, 32]],
    ['no columns where each thread has as many slabs', { outer: 4, inner: 64, step: 32 }, [64, 64, 64, 64]],
    ['a last column with the step before it', { inner: 33, step: 32 }, [33]],
  ])('cuts %s', (_, problem, sizes) => {
    expect(sizesOf(problem)).toEqual(sizes);
  });
});
