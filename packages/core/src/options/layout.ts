import type { Problem } from '../driver/problem.ts';
import { refuseMore } from '../values/arguments.ts';
import type { FloatDType } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import { floatDType } from '../values/host-tensor.ts';
import { checkedShape, elementCount, sameShape } from '../values/shape.ts';
import { show } from '../values/show.ts';
import { type ResolvedOptions, resolvedAgain } from './options.ts';

const MOST_AXES_SEARCHED = 32;

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
 * @param options as resolveOptions gives them
 * @throws RMSNormError SHAPE where the shape has not `dim` at `axis`, INVALID_OPTION
 */
export function layoutOf(options: ResolvedOptions, shape: readonly number[]): Layout {
  if (arguments.length > 2) refuseMore(arguments, 2, 'layoutOf(options, shape)');
  return laidOut(resolvedAgain(options), checkedShape(shape));
}

function laidOut(options: ResolvedOptions, shape: readonly number[]): Layout {
  const { dims, groups, size } = options;
  const axis = options.axis < 0 ? options.axis + shape.length : options.axis;
  const end = axis + dims.length;
  if (axis < 0 || end > shape.length || !sameShape(shape.slice(axis, end), dims)) {
    const found = axis < 0 || end > shape.length ? 'does not have' : `has ${show(shape.slice(axis, end))}, not`;
    throw new RMSNormError(
      'SHAPE',
      `a tensor of shape ${show(shape)} ${found} ${show(dims)} at axis ${options.axis}${hint(options, shape)}`,
    );
  }
  return { outer: elementCount(shape.slice(0, axis)), groups, size, inner: elementCount(shape.slice(end)) };
}

/**
 * The problem of one tensor: its layout, and all that a kernel needs of the options.
 * @throws RMSNormError as {@link layoutOf}; DTYPE
 */
export function problemOf(options: ResolvedOptions, shape: readonly number[], dtype: FloatDType): Problem {
  if (arguments.length > 3) refuseMore(arguments, 3, 'problemOf(options, shape, dtype)');
  return problemLaidOut(resolvedAgain(options), checkedShape(shape), floatDType(dtype));
}

/** As {@link problemOf}, of arguments that are checked. @throws RMSNormError SHAPE where the shape has not `dim` at `axis` */
export function problemLaidOut(options: ResolvedOptions, shape: readonly number[], dtype: FloatDType): Problem {
  const { outer, groups, size, inner } = laidOut(options, shape);
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
  if (shape.length > MOST_AXES_SEARCHED) return '';
  for (let axis = shape.length - dims.length; axis >= 0; axis--) {
    if (sameShape(shape.slice(axis, axis + dims.length), dims)) return `: did you mean axis: ${axis - shape.length}?`;
  }
  return ': give the tensor, or dim, the right length';
}
