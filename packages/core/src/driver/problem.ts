import type { FloatDType } from '../values/dtype.ts';
import type { FeatureOfValue } from './supports.ts';

/** `'add'`: eps inside the root. `'clamp'`: eps is the least value of the norm. */
export type EpsMode = 'add' | 'clamp';

/** Of each epsMode: the feature that a driver declares, and whether the statistic may be taken over part of a row. */
export const EPS_MODES: Readonly<
  Record<EpsMode, { readonly feature: FeatureOfValue | null; readonly partial: boolean }>
> = {
  add: { feature: null, partial: true },
  clamp: { feature: 'clamp', partial: false },
};

/** `'gemma'` rounds once, at the end; `'llama'` rounds `x * r` to the dtype of x, then multiplies by gamma. */
export type Casting = 'gemma' | 'llama';

/** Of each casting: the feature that a driver declares for it. */
export const CASTINGS: Readonly<Record<Casting, { readonly feature: FeatureOfValue | null }>> = {
  gemma: { feature: null },
  llama: { feature: 'llama' },
};

/**
 * One normalization, validated and laid out: plain values, all a kernel needs beside its buffers.
 *
 * Elements lie contiguously as `[outer, groups, size, inner]`. A *row* is one (outer, group, inner) with its `size`
 * elements; each row has one statistic:
 *
 *     ms = (sum of x^2 over the first statSize elements) / statSize
 *     r  = alpha / sqrt(ms + eps)                     'add'
 *     r  = alpha * sqrt(size) / max(norm2(x), eps)    'clamp' (statSize = size)
 *     y  = x * r * (weightOffset + gamma) + beta
 *
 * gamma and beta have `groups * size` elements; a null gamma means a factor of 1, a null beta means nothing added.
 *
 * Problems are frozen. A norm keeps them: the same call again comes with the very same object, so that a driver may
 * keep what it derives from one.
 */
export interface Problem {
  readonly outer: number;
  readonly groups: number;
  readonly size: number;
  readonly inner: number;
  /** How many elements of each row enter its statistic: 1 to size. */
  readonly statSize: number;
  readonly dtype: FloatDType;
  readonly eps: number;
  readonly epsMode: EpsMode;
  /** scale / sqrt(size). */
  readonly alpha: number;
  readonly weightOffset: number;
  readonly casting: Casting;
}

export interface GatedProblem extends Problem {
  /** Whether the gate multiplies after the normalization, or before it. */
  readonly normBeforeGate: boolean;
}

export interface ScaleByProblem extends Problem {
  /** How many features the given sums of squares were taken over: those of all shards of a group. */
  readonly count: number;
}

export interface QuantizedProblem extends Problem {
  /** The one scale of all rows; null where each (outer, inner) gets its own. */
  readonly scale: number | null;
}

/** The problem that each operation is given. */
export interface OperationProblem {
  readonly forward: Problem;
  readonly addForward: Problem;
  readonly gatedForward: GatedProblem;
  readonly backward: Problem;
  readonly sumSquares: Problem;
  readonly scaleBy: ScaleByProblem;
  readonly forwardQuantized: QuantizedProblem;
}

/** Whether there is anything to compute: a kernel never sees an empty problem. */
export function isEmpty({ outer, inner }: Problem): boolean {
  return outer === 0 || inner === 0;
}
