import type { Layout } from '@rmsnorm/core';

/** How libraries without RMSNorm see a layout: its axes of length 1 left out, since broadcasts cost by the axis. */
export interface LayoutDims {
  /** [outer, groups, size, inner], without groups or inner where they are 1. */
  readonly x: readonly number[];
  /** gamma's, broadcast to x: [groups, size, 1]. */
  readonly gamma: readonly number[];
  /** The axis of the features. */
  readonly axis: number;
  /** The axes that gamma is broadcast along. */
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
