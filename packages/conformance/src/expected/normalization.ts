import type { Casting, EpsMode, Feature, RMSNormOptions } from '@rmsnorm/core';

/**
 * A normalization in numbers, derived from options and shape by this suite itself, so that an error in core's own
 * layout shows.
 */
export interface Arrangement {
  readonly outer: number;
  readonly groups: number;
  readonly size: number;
  readonly inner: number;
  readonly statSize: number;
  readonly eps: number;
  readonly epsMode: EpsMode;
  readonly alpha: number;
  readonly weightOffset: number;
  readonly casting: Casting;
}

const product = (lengths: readonly number[]): number => lengths.reduce((total, length) => total * length, 1);

/** What contract section 1 makes of `options` on a tensor of `shape`. */
export function arrange(options: RMSNormOptions, shape: readonly number[]): Arrangement {
  const dims = typeof options.dim === 'number' ? [options.dim] : options.dim;
  const { groups = 1, axis = 1, partial = 1 } = options;
  const size = product(dims) / groups;
  const start = axis < 0 ? shape.length + axis : axis;
  return {
    outer: product(shape.slice(0, start)),
    groups,
    size,
    inner: product(shape.slice(start + dims.length)),
    statSize: Math.max(1, Math.floor(size * partial)),
    eps: options.eps ?? 1e-6,
    epsMode: options.epsMode ?? 'add',
    alpha: (options.scale ?? Math.sqrt(size)) / Math.sqrt(size),
    weightOffset: options.weightOffset ?? 0,
    casting: options.casting ?? 'gemma',
  };
}

/** What a driver must declare to run it. */
export function featuresNeeded(arrangement: Arrangement, extras: { beta: boolean; rstd: boolean }): Feature[] {
  const { inner, groups, size, statSize, epsMode, weightOffset, casting } = arrangement;
  const needed: [Feature, boolean][] = [
    ['inner', inner > 1],
    ['groups', groups > 1],
    ['partial', statSize < size],
    ['clamp', epsMode === 'clamp'],
    ['beta', extras.beta],
    ['weightOffset', weightOffset !== 0],
    ['llama', casting === 'llama'],
    ['rstd', extras.rstd],
  ];
  return needed.filter(([, needs]) => needs).map(([feature]) => feature);
}
