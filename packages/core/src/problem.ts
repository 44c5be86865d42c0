import type { FloatDType } from './dtype.ts';

/** `'gemma'` rounds once, at the end; `'llama'` rounds `x * r` to the dtype of x, then multiplies by gamma. */
export type Casting = 'gemma' | 'llama';

/** `'add'`: eps inside the root. `'clamp'`: eps is the least value of the norm. */
export type EpsMode = 'add' | 'clamp';

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
