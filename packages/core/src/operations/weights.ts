import type { Tensor } from '../backend/backend.ts';
import { type BackendInternals, bufferOf } from '../backend/internals.ts';
import { RMSNormError } from '../values/errors.ts';
import { elementCount } from '../values/shape.ts';
import { show } from '../values/show.ts';

/** gamma and beta on the device: float32, one element for each feature. */
export interface WeightBuffers<B> {
  readonly gamma: B | null;
  readonly beta: B | null;
}

/** What a call needs beside its tensors. */
export interface PreparedCall<P> {
  readonly internals: BackendInternals<unknown>;
  readonly problem: P;
  readonly weights: WeightBuffers<unknown>;
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
    `${name} must have ${features} elements, one for each feature, got shape ${show(shape)}`,
  );
}
