import type { Tensor } from '../backend/backend.ts';
import { type BackendInternals, bufferOf } from '../backend/internals.ts';
import { RMSNormError } from '../values/errors.ts';
import { elementCount, showShape } from '../values/shape.ts';

/** gamma and beta on the device: float32, one element for each feature. */
export interface WeightBuffers<B> {
  readonly gamma: B | null;
  readonly beta: B | null;
}

/**
 * The buffer of a gamma or beta on the device: float32, any shape with one element for each feature.
 * @throws RMSNormError FOREIGN_TENSOR, DISPOSED, DTYPE, SHAPE
 */
export function weightBuffer<B>(internals: BackendInternals<B>, tensor: Tensor, name: string, features: number): B {
  const buffer = bufferOf(internals, tensor, name);
  if (tensor.dtype !== 'float32') throw new RMSNormError('DTYPE', `${name} must be float32, got ${tensor.dtype}`);
  requireFeatures(tensor.shape, name, features);
  return buffer;
}

/** @throws RMSNormError SHAPE */
export function requireFeatures(shape: readonly number[], name: string, features: number): void {
  if (elementCount(shape) === features) return;
  throw new RMSNormError(
    'SHAPE',
    `${name} must have ${features} elements, one for each feature, got shape ${showShape(shape)}`,
  );
}
