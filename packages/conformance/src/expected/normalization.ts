import type { Casting, EpsMode, Feature, RMSNormOptions } from '@rmsnorm/core';
import { Math } from '../globals.ts';
import { unreachable } from '../unreachable.ts';

/**
 * One normalization in numbers: the contiguous layout [outer, groups, size, inner], and the constants of the formula.
 * The suite derives it from options and shape by itself, and not with core's code, whose errors would then not show.
 */
export interface Normalization {
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

/** What `options` mean on a tensor of `shape`, by the formula and the layout that core's Problem documents. */
export function normalizationOf(options: RMSNormOptions, shape: readonly number[]): Normalization {
  const dims = typeof options.dim === 'number' ? [options.dim] : options.dim;
  const { groups = 1, axis = 1, partial = 1 } = options;
  const size = countOf(dims) / groups;
  const start = axis < 0 ? shape.length + axis : axis;
  return {
    outer: countOf(shape.slice(0, start)),
    groups,
    size,
    inner: countOf(shape.slice(start + dims.length)),
    statSize: Math.max(1, Math.floor(size * partial)),
    eps: options.eps ?? 1e-6,
    epsMode: options.epsMode ?? 'add',
    alpha: (options.scale ?? Math.sqrt(size)) / Math.sqrt(size),
    weightOffset: options.weightOffset ?? 0,
    casting: options.casting ?? 'gemma',
  };
}

/** How many elements a tensor of `shape` has. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Shape of rstd, and of sums of squares: one number for each row. */
export function rowsShape({ outer, groups, inner }: Normalization): readonly [number, number, number] {
  return [outer, groups, inner];
}

/** Which row, [outer, groups, inner], the element at `flat` belongs to. */
export function rowOf({ size, inner }: Normalization, flat: number): number {
  return Math.floor(flat / (size * inner)) * inner + (flat % inner);
}

/** Which element of gamma and beta belongs to the element at `flat`. */
export function featureOf({ groups, size, inner }: Normalization, flat: number): number {
  return Math.floor(flat / inner) % (groups * size);
}

/** What a driver must declare to run it. */
export function featuresNeeded(
  { inner, groups, size, statSize, epsMode, weightOffset, casting }: Normalization,
  { beta, rstd }: { readonly beta: boolean; readonly rstd: boolean },
): Feature[] {
  const needed: readonly (Feature | false | null)[] = [
    inner > 1 && 'inner',
    groups > 1 && 'groups',
    statSize < size && 'partial',
    featureOfEpsMode(epsMode),
    beta && 'beta',
    weightOffset !== 0 && 'weightOffset',
    featureOfCasting(casting),
    rstd && 'rstd',
  ];
  return needed.filter((feature) => feature !== false && feature !== null);
}

function featureOfEpsMode(epsMode: EpsMode): Feature | null {
  switch (epsMode) {
    case 'add':
      return null;
    case 'clamp':
      return 'clamp';
    default:
      return unreachable(epsMode);
  }
}

function featureOfCasting(casting: Casting): Feature | null {
  switch (casting) {
    case 'gemma':
      return null;
    case 'llama':
      return 'llama';
    default:
      return unreachable(casting);
  }
}
