import { type Layout, layoutOf, type RMSNormOptions, resolveOptions } from '@rmsnorm/core';

/**
 * What a workload's norm may be given. The other options keep their defaults: the expected results and the peers compute the
 * formula of these alone (epsMode 'add', casting 'gemma', no beta).
 */
export type BenchOptions = Pick<RMSNormOptions, 'dim' | 'axis' | 'groups' | 'affine'>;

/** One size of the tables: a tensor's shape, and what is normalized in it. */
export interface BenchShape {
  readonly id: string;
  readonly shape: readonly number[];
  readonly options: BenchOptions;
  readonly layout: Layout;
  readonly elements: number;
}

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

/** The same size, of a norm that has no gamma. */
export function withoutWeights({ id, shape, options }: BenchShape): BenchShape {
  return benchShape(id, shape, { ...options, affine: false });
}

function benchShape(id: string, shape: readonly number[], options: BenchOptions): BenchShape {
  const layout = layoutOf(resolveOptions(options), shape);
  return { id, shape, options, layout, elements: shape.reduce((product, length) => product * length, 1) };
}
