import { type Layout, layoutOf, type RMSNormOptions, resolveOptions } from '@rmsnorm/core';

/** One size of the tables: a tensor's shape and what is normalized in it. */
export interface BenchShape {
  readonly id: string;
  readonly shape: readonly number[];
  readonly options: RMSNormOptions;
  readonly layout: Layout;
  readonly elements: number;
}

/** The sizes of the tables, in their order. */
export const SHAPES: readonly BenchShape[] = [
  rows(1, 4096),
  rows(16, 4096),
  rows(64, 4096),
  rows(512, 1024),
  rows(2048, 1024),
  rows(8192, 4096),
  rows(100_000, 64),
  channelsFirst([2, 512, 64, 64]),
  channelsFirst([64, 512, 4, 4]),
  grouped(512, 1024, 8),
];

/** Sizes up to 16 MiB of float32: what `--quick` keeps. */
export const QUICK_ELEMENTS: number = 4 * 2 ** 20;

/** `outer` rows of `dim` features, as in a transformer. */
export function rows(outer: number, dim: number): BenchShape {
  return benchShape(`${outer}x${dim}`, [outer, dim], { dim, axis: -1 });
}

/** (batch, channels, ...): the features are strided. */
export function channelsFirst(shape: readonly [number, number, ...number[]]): BenchShape {
  return benchShape(shape.join('x'), shape, { dim: shape[1], axis: 1 });
}

export function grouped(outer: number, dim: number, groups: number): BenchShape {
  return benchShape(`${outer}x${dim}/groups=${groups}`, [outer, dim], { dim, axis: -1, groups });
}

function benchShape(id: string, shape: readonly number[], options: RMSNormOptions): BenchShape {
  const layout = layoutOf(resolveOptions(options), shape);
  return { id, shape, options, layout, elements: shape.reduce((product, length) => product * length, 1) };
}
