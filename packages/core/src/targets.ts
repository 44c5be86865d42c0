import type { Tensor } from './backend.ts';
import type { DType } from './dtype.ts';
import type { Engine } from './engine.ts';
import { RMSNormError } from './errors.ts';
import { bufferOf, isTensor } from './identity.ts';
import { elementCount, sameShape, showShape } from './shape.ts';

/** Where forward writes: tensors that are there already, so that nothing is allocated. */
export interface ForwardTargets {
  /** Shape and dtype of x; may be x itself. */
  readonly out?: Tensor | undefined;
  /** float32, [outer, groups, inner]: receives r / alpha. */
  readonly rstd?: Tensor | undefined;
}

/** `forward(x, out)` is short for `forward(x, { out })`. */
export function targetsOf(target: Tensor | ForwardTargets | undefined): ForwardTargets {
  if (target === undefined) return {};
  return isTensor(target) ? { out: target } : target;
}

/**
 * The buffer of a tensor that must have this dtype and shape.
 * @throws RMSNormError FOREIGN_TENSOR, DISPOSED, DTYPE, SHAPE
 */
export function bufferFor<B>(
  engine: Engine<B>,
  tensor: Tensor,
  name: string,
  shape: readonly number[],
  dtype: DType,
): B {
  const buffer = bufferOf(engine, tensor, name);
  if (tensor.dtype !== dtype) throw new RMSNormError('DTYPE', `${name} must be ${dtype}, got ${tensor.dtype}`);
  if (!sameShape(tensor.shape, shape)) {
    throw new RMSNormError('SHAPE', `${name} must have shape ${showShape(shape)}, got ${showShape(tensor.shape)}`);
  }
  return buffer;
}

/**
 * The buffer of a gamma or beta on the device: float32, any shape with one element for each feature.
 * @throws RMSNormError FOREIGN_TENSOR, DISPOSED, DTYPE, SHAPE
 */
export function weightBuffer<B>(engine: Engine<B>, tensor: Tensor, name: string, features: number): B {
  const buffer = bufferOf(engine, tensor, name);
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
