import { bytesPerElement, type Problem } from '@rmsnorm/core';

/** The extents of a problem, or of a part of one. */
export interface Extents {
  readonly outer: number;
  readonly groups: number;
  readonly inner: number;
}

/** A part of a problem: whole rows, which are normalized in one call. */
export interface Part extends Extents {
  /** Its first element in the problem. It lies there contiguously if it has all of inner. */
  readonly offset: number;
  readonly firstGroup: number;
}

// Strips of a multiple of so many columns consist of whole cache lines and vectors in every dtype.
const STRIP_STEP = 32;

// Copying a strip takes a call for each feature, so longer copies are worth exceeding the second-level cache:
// on [2, 512, 64, 64] strips of 128 KiB took 31 ms, of 1 MiB 11.6, of 4 MiB 7.0.
const STRIP_FACTOR = 16;

/**
 * The extents of parts of at most `bytes` bytes. A part has at least one row if inner is 1; else one slab [size, inner],
 * or a strip of its columns with up to 16 times as many bytes. Whole slabs lie contiguously, strips do not. A part with
 * several groups has all of inner, and one with several outer has all groups.
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

/** The parts of a problem, in order. Each row is in one of them. */
export function* partsOf({ outer, groups, size, inner }: Problem, step: Extents): Generator<Part> {
  for (let o = 0; o < outer; o += step.outer) {
    for (let g = 0; g < groups; g += step.groups) {
      for (let i = 0; i < inner; ) {
        // A last column goes with the part before it, as a row has other bits where inner is 1.
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
