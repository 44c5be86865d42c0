import type { DType, FloatDType, Layout } from '@rmsnorm/core';
import type { BenchOp } from '../spec.ts';

/** The right answer, and how far from it a candidate counts as having done the same work. */
export interface Expected {
  /** What the output is stored in. */
  readonly dtype: DType;
  /** float64 arithmetic, rounded to float32. */
  readonly values: Float32Array;
  /** |got - exact| <= relative * |exact| + absolute. */
  readonly relative: number;
  readonly absolute: number;
}

/** What an operation is computed from. */
export interface Question {
  readonly op: BenchOp;
  readonly dtype: FloatDType;
  readonly layout: Layout;
  readonly eps: number;
  readonly gamma: Float32Array;
  readonly inputs: { readonly x: Float32Array | Uint16Array } & {
    readonly [name in 'residual' | 'gate' | 'dy']?: Float32Array | Uint16Array;
  };
}

/**
 * Relative error up to which a candidate counts as having done the same work: peers round more often than we do. How
 * exact our own backends are, the conformance suite says.
 */
export const TOLERANCE: Readonly<Record<FloatDType, number>> = { float32: 1e-5, float16: 2 ** -9, bfloat16: 2 ** -6 };

export function withTolerance(values: Float32Array, dtype: FloatDType): Expected {
  return { dtype, values, relative: TOLERANCE[dtype], absolute: 1e-7 };
}

/** For sums that cancel: the largest magnitude counts, not the element's own. */
export function withToleranceOfLargest(values: Float32Array, dtype: FloatDType, relative: number): Expected {
  return { dtype, values, relative, absolute: relative * values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) };
}
