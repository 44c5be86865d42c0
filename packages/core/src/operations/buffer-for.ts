import type { Tensor } from '../backend/backend.ts';
import { type BackendInternals, bufferOf } from '../backend/internals.ts';
import type { DType } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import { sameShape, showShape } from '../values/shape.ts';

/**
 * The buffer of a tensor that must have this dtype and shape.
 * @throws RMSNormError FOREIGN_TENSOR, DISPOSED, DTYPE, SHAPE
 */
export function bufferFor<B>(
  internals: BackendInternals<B>,
  tensor: Tensor,
  name: string,
  shape: readonly number[],
  dtype: DType,
): B {
  const buffer = bufferOf(internals, tensor, name);
  if (tensor.dtype !== dtype) throw new RMSNormError('DTYPE', `${name} must be ${dtype}, got ${tensor.dtype}`);
  if (!sameShape(tensor.shape, shape)) {
    throw new RMSNormError('SHAPE', `${name} must have shape ${showShape(shape)}, got ${showShape(tensor.shape)}`);
  }
  return buffer;
}

/** @throws RMSNormError ALIASING where an output is the same memory as another operand */
export function refuseSame<B>(name: string, buffer: B, other: string, otherBuffer: B | null): void {
  if (otherBuffer === buffer) throw sameMemory(name, other);
}

export function sameMemory(name: string, other: string): RMSNormError {
  return new RMSNormError('ALIASING', `${name} and ${other} are the same memory: give ${name} a tensor of its own`);
}
