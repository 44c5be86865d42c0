import type { Layout } from '@rmsnorm/core';

/** A layout for libraries without RMSNorm. Axes of length 1 are left out: each axis makes a broadcast slower. */
export interface LayoutDims {
  /** [outer, groups, size, inner], without groups or inner where they are 1. */
  readonly x: readonly number[];
  /** The dimensions of gamma, which is broadcast to x: [groups, size, 1]. */
  readonly gamma: readonly number[];
  /** The axis of the features. */
  readonly axis: number;
  /** The axes along which gamma is broadcast. */
  readonly others: readonly number[];
}

export function layoutDims({ outer, groups, size, inner }: Layout): LayoutDims {
  const x = [outer, ...(groups > 1 ? [groups] : []), size, ...(inner > 1 ? [inner] : [])];
  const axis = groups > 1 ? 2 : 1;
  return {
    x,
    gamma: x.slice(1).map((length, i) => (i + 1 > axis ? 1 : length)),
    axis,
    others: inner > 1 ? [0, axis + 1] : [0],
  };
}
