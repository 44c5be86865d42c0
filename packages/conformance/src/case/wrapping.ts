import { type Backend, type DType, isRMSNormError, type Tensor } from '@rmsnorm/core';
import { NotApplicable } from './case.ts';

/** A tensor over the beginning of another's memory, through its handle; skips where the backend cannot wrap. */
export function wrapMemoryOf(owner: Tensor, shape: readonly number[], dtype: DType, backend: Backend): Tensor {
  try {
    return backend.wrap(owner.buffer, shape, dtype);
  } catch (error) {
    if (isRMSNormError(error, 'UNSUPPORTED')) throw new NotApplicable("not offered: wrap() of the caller's memory");
    throw error;
  }
}
