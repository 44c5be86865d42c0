import type { FloatDType, Problem } from '@rmsnorm/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extentsOf, mostElements, partsOf } from './parts.ts';

function problem(outer: number, groups: number, size: number, inner: number, dtype: FloatDType = 'float32'): Problem {
  return {
    outer,
    groups,
    size,
    inner,
    statSize: size,
    dtype,
    eps: 0,
    epsMode: 'add',
    alpha: 1,
    weightOffset: 0,
    casting: 'gemma',
  };
}

describe('extentsOf', () => {
  test('takes as many whole outer slabs as fit', () => {
    expect(extentsOf(problem(100, 2, 8, 1), 1024)).toEqual({ outer: 16, groups: 2, inner: 1 });
    expect(extentsOf(problem(10, 2, 8, 1), 1024)).toEqual({ outer: 10, groups: 2, inner: 1 });
    expect(extentsOf(problem(100, 2, 8, 1, 'bfloat16'), 1024)).toEqual({ outer: 32, groups: 2, inner: 1 });
  });

  test('takes some of the groups where not all fit', () => {
    expect(extentsOf(problem(100, 8, 64, 1), 1024)).toEqual({ outer: 1, groups: 4, inner: 1 });
  });

  test('takes a row that does not fit whole', () => {
    expect(extentsOf(problem(100, 8, 1000, 1), 1024)).toEqual({ outer: 1, groups: 1, inner: 1 });
  });

  test('takes one slab, and then strips, of up to 16 times as much, never narrower than a cache line', () => {
    expect(extentsOf(problem(2, 2, 16, 256), 1024)).toEqual({ outer: 1, groups: 1, inner: 256 });
    expect(extentsOf(problem(2, 2, 16, 257), 1024)).toEqual({ outer: 1, groups: 1, inner: 256 });
    expect(extentsOf(problem(2, 1, 40, 1000), 1024)).toEqual({ outer: 1, groups: 1, inner: 96 });
    expect(extentsOf(problem(2, 1, 4000, 1000), 1024)).toEqual({ outer: 1, groups: 1, inner: 32 });
    expect(extentsOf(problem(2, 1, 4000, 7), 1024)).toEqual({ outer: 1, groups: 1, inner: 7 });
  });
});

const problems = fc
  .tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 9 }),
    fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 150 })),
  )
  .map((extents) => problem(...extents));

describe('partsOf', () => {
  test('covers every element once, in order, within the size that is announced', () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 4, max: 4000 }), (p, bytes) => {
        const step = extentsOf(p, bytes);
        const seen: number[] = [];
        for (const { outer, groups, inner, offset, firstGroup } of partsOf(p, step)) {
          expect(outer * groups * p.size * inner).toBeLessThanOrEqual(mostElements(p, step));
          expect(firstGroup + groups).toBeLessThanOrEqual(p.groups);
          expect(Math.floor(offset / (p.size * p.inner)) % p.groups).toBe(firstGroup);
          // More than one slab, or whole ones: contiguous. Else one strip.
          if (outer * groups > 1) expect(inner).toBe(p.inner);
          if (outer > 1) expect(groups).toBe(p.groups);
          for (let row = 0; row < outer * groups * p.size; row++) {
            for (let i = 0; i < inner; i++) seen.push(offset + row * p.inner + i);
          }
        }
        expect(seen.sort((a, b) => a - b)).toEqual(
          Array.from({ length: p.outer * p.groups * p.size * p.inner }, (_, i) => i),
        );
      }),
    );
  });

  test('keeps an inner of more than 1 at more than 1', () => {
    for (let inner = 2; inner < 200; inner++) {
      const p = problem(1, 1, 100, inner);
      for (const part of partsOf(p, extentsOf(p, 10))) expect(part.inner).toBeGreaterThan(1);
    }
  });
});
