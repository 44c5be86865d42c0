import type { Problem } from '../driver/problem.ts';
import type { FloatDType } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import { elementCount, sameShape, showShape } from '../values/shape.ts';
import type { ResolvedOptions } from './options.ts';

/** How a tensor is seen by every backend: contiguous, as `[outer, groups, size, inner]`. */
export interface Layout {
  /** Product of the lengths before `axis`. */
  readonly outer: number;
  readonly groups: number;
  /** Elements of a row. */
  readonly size: number;
  /** Product of the lengths after the normalized axes: the distance between neighbours in a row. */
  readonly inner: number;
}

/**
 * Lays a tensor of `shape` out for `options`.
 * @throws RMSNormError SHAPE where the shape has not `dim` at `axis`
 */
export function layoutOf(options: ResolvedOptions, shape: readonly number[]): Layout {
  const { dims, groups, size } = options;
  const axis = options.axis < 0 ? options.axis + shape.length : options.axis;
  const end = axis + dims.length;
  if (axis < 0 || end > shape.length || !sameShape(shape.slice(axis, end), dims)) {
    const found = axis < 0 || end > shape.length ? 'does not have' : `has ${showShape(shape.slice(axis, end))}, not`;
    throw new RMSNormError(
      'SHAPE',
      `a tensor of shape ${showShape(shape)} ${found} ${showShape(dims)} at axis ${options.axis}${hint(options, shape)}`,
    );
  }
  return { outer: elementCount(shape.slice(0, axis)), groups, size, inner: elementCount(shape.slice(end)) };
}

/** The problem of one tensor: its layout, and all that a kernel needs of the options. */
export function problemOf(options: ResolvedOptions, shape: readonly number[], dtype: FloatDType): Problem {
  const { outer, groups, size, inner } = layoutOf(options, shape);
  const { statSize, eps, epsMode, alpha, weightOffset, casting } = options;
  return Object.freeze({
    outer,
    groups,
    size,
    inner,
    statSize,
    dtype,
    eps,
    epsMode,
    alpha,
    weightOffset,
    casting,
  });
}

/** The axis where `dim` does stand, for a user who forgot `axis: -1`. */
function hint({ dims }: ResolvedOptions, shape: readonly number[]): string {
  for (let axis = shape.length - dims.length; axis >= 0; axis--) {
    if (sameShape(shape.slice(axis, axis + dims.length), dims)) return `: did you mean axis: ${axis - shape.length}?`;
  }
  return ': give the tensor, or dim, the right length';
}
