import { bytesPerElement, type Problem } from '@rmsnorm/core';

/** How many of each: a problem, or a part of one. */
export interface Extents {
  readonly outer: number;
  readonly groups: number;
  readonly inner: number;
}

/** A part of a problem, which is normalized on its own: whole rows. */
export interface Part extends Extents {
  /** Element of the problem at which it begins. Its rows lie contiguously where it has all of inner. */
  readonly offset: number;
  readonly firstGroup: number;
}

// A strip this wide (elements) fills whole cache lines and vectors, whatever the dtype.
const STRIP_STEP = 32;

// Copying a strip is a call for each of its `size` runs, so long runs are worth leaving the second-level cache for:
// on [2, 512, 64, 64] strips of 128 KiB took 31 ms, of 1 MiB 11.6, of 4 MiB 7.0.
const STRIP_FACTOR = 16;

/**
 * The extents of parts of at most `bytes`, or of the smallest that there can be: one row where inner is 1, else a slab
 * [size, inner] of up to 16 times as much, or a strip of one. Whole slabs lie contiguously, strips do not. There are
 * several groups only where inner is whole, and several outer only where groups are.
 */
export function extentsOf({ outer, groups, size, inner, dtype }: Problem, bytes: number): Extents {
  const rowBytes = size * bytesPerElement(dtype);
  const slabs = Math.floor(bytes / (rowBytes * inner));
  if (slabs >= groups) return { outer: Math.min(outer, Math.floor(slabs / groups)), groups, inner };
  if (slabs >= 1 || inner === 1) return { outer: 1, groups: Math.max(1, slabs), inner };
  const steps = Math.max(1, Math.floor((bytes * STRIP_FACTOR) / (rowBytes * STRIP_STEP)));
  return { outer: 1, groups: 1, inner: Math.min(inner, steps * STRIP_STEP) };
}

/** The most elements that a part has. */
export function mostElements(p: Problem, step: Extents): number {
  return step.outer * step.groups * p.size * Math.min(p.inner, step.inner + 1);
}

/** The parts of a problem, in order, each row in one of them. */
export function* partsOf({ outer, groups, size, inner }: Problem, step: Extents): Generator<Part> {
  for (let o = 0; o < outer; o += step.outer) {
    for (let g = 0; g < groups; g += step.groups) {
      for (let i = 0; i < inner; ) {
        // Kernels tell inner = 1 from more, and so do the bits of a row: a rest of 1 goes with the part before it.
        const width = inner - i <= step.inner + 1 ? inner - i : step.inner;
        yield {
          outer: Math.min(step.outer, outer - o),
          groups: Math.min(step.groups, groups - g),
          inner: width,
          offset: (o * groups + g) * size * inner + i,
          firstGroup: g,
        };
        i += width;
      }
    }
  }
}
