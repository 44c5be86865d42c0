import type { DType, FloatDType, Layout } from '@rmsnorm/core';
import type { Inputs } from '../elements.ts';
import type { BenchOp } from '../spec.ts';

/** The right output, and how far from it a candidate may be: within that, it has done the same work. */
export interface Expected {
  /** The dtype of the output. */
  readonly dtype: DType;
  /** Computed in float64, rounded to float32. */
  readonly values: Float32Array;
  /** |result - value| <= relative * |value| + absolute. */
  readonly relative: number;
  readonly absolute: number;
}

/** One operation with all that it is computed from. */
export interface Operation {
  readonly op: BenchOp;
  readonly dtype: FloatDType;
  readonly layout: Layout;
  readonly eps: number;
  readonly affine: boolean;
  readonly gamma: Float32Array;
  readonly inputs: Inputs;
}

/**
 * The relative error up to which a candidate has done the same work: peers round more often than we do. The conformance
 * suite says how exact our own backends are.
 */
export const TOLERANCE: Readonly<Record<FloatDType, number>> = { float32: 1e-5, float16: 2 ** -9, bfloat16: 2 ** -6 };

export function withTolerance(values: Float32Array, dtype: FloatDType): Expected {
  return { dtype, values, relative: TOLERANCE[dtype], absolute: 1e-7 };
}

/** For sums that cancel: the tolerance is relative to the largest magnitude of all, not only to their own. */
export function withToleranceOfLargest(values: Float32Array, dtype: FloatDType, relative: number): Expected {
  return { dtype, values, relative, absolute: relative * values.reduce((most, v) => Math.max(most, Math.abs(v)), 0) };
}
