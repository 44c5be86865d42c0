import type { Backend, ErrorCode, Feature, FloatDType, Tensor } from '@rmsnorm/core';
import type { Tensors } from '../../case/tensors.ts';

/** A wrong call, and the code that it must be refused with. */
export interface RefusalSpec {
  readonly code: ErrorCode;
  /** What a backend must declare for the call to be wrong for no other reason. */
  readonly features?: readonly Feature[];
  readonly dtypes?: readonly FloatDType[];
  readonly call: (tensors: Tensors, backend: Backend) => unknown;
}

/** By their names in ids. */
export type RefusalSpecs = Readonly<Record<string, RefusalSpec>>;

/** A norm of 5 features along the last axis, as `matrix` has them. */
export const LAST = { dim: 5, axis: -1 } as const;

/** A float32 tensor of 1.5. */
export function matrix(tensors: Tensors, shape: readonly number[] = [3, 5]): Tensor {
  return tensors.filled(1.5, shape, 'float32');
}

export function disposed(tensor: Tensor): Tensor {
  tensor.dispose();
  return tensor;
}

/** For values that TypeScript would not let through. */
export function untyped(value: unknown): never {
  return value as never;
}
