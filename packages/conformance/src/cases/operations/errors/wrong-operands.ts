import type { Feature, Tensor } from '@rmsnorm/core';
import type { Tensors } from '../../../case/tensors.ts';
import { disposed, matrix, type RefusalSpecs, untyped } from '../../errors/refusal-spec.ts';

/** A float16 tensor of 1.5. */
export function half(tensors: Tensors, shape: readonly number[] = [3, 5]): Tensor {
  return tensors.filled(1.5, shape, 'float16');
}

/** A float32 tensor that is disposed. */
export function gone(tensors: Tensors, shape: readonly number[] = [3, 5]): Tensor {
  return disposed(matrix(tensors, shape));
}

/** Wrong operands where one of the shape and dtype of x is needed. */
export function wrongLikeX(name: string, call: (tensors: Tensors, operand: Tensor) => unknown): RefusalSpecs {
  return {
    [`${name}-other-shape`]: { code: 'SHAPE', call: (t) => call(t, matrix(t, [5, 3])) },
    [`${name}-other-rank`]: { code: 'SHAPE', call: (t) => call(t, matrix(t, [15])) },
    [`${name}-fewer-rows`]: { code: 'SHAPE', call: (t) => call(t, matrix(t, [1, 5])) },
    [`${name}-float16`]: { code: 'DTYPE', dtypes: ['float16'], call: (t) => call(t, half(t)) },
    [`${name}-int8`]: { code: 'DTYPE', call: (t) => call(t, t.empty([3, 5], 'int8')) },
    [`${name}-disposed`]: { code: 'DISPOSED', call: (t) => call(t, gone(t)) },
    [`${name}-array`]: { code: 'FOREIGN_TENSOR', call: (t) => call(t, untyped(new Float32Array(15))) },
    [`${name}-missing`]: { code: 'FOREIGN_TENSOR', call: (t) => call(t, untyped(undefined)) },
  };
}

/** As {@link wrongLikeX}, where the operand may be left out. */
export function wrongOptional(name: string, call: (tensors: Tensors, operand: Tensor) => unknown): RefusalSpecs {
  return Object.fromEntries(Object.entries(wrongLikeX(name, call)).filter(([key]) => !key.endsWith('missing')));
}

/** Wrong operands where a float32 tensor of [outer, groups, inner] = [3, 1, 1] is needed. */
export function wrongStatistic(
  name: string,
  features: readonly Feature[],
  call: (t: Tensors, rstd: Tensor) => unknown,
): RefusalSpecs {
  return {
    [`${name}-flat`]: { code: 'SHAPE', features, call: (t) => call(t, matrix(t, [3])) },
    [`${name}-one`]: { code: 'SHAPE', features, call: (t) => call(t, matrix(t, [1, 1, 1])) },
    [`${name}-float16`]: { code: 'DTYPE', features, dtypes: ['float16'], call: (t) => call(t, half(t, [3, 1, 1])) },
    [`${name}-disposed`]: { code: 'DISPOSED', features, call: (t) => call(t, gone(t, [3, 1, 1])) },
  };
}

/** A norm of one feature: its operands and rstd have one shape, so that any two could be the same tensor. */
export const COLUMN = { dim: 1, axis: 1 } as const;

export function column(tensors: Tensors): Tensor {
  return matrix(tensors, [4, 1, 1]);
}
