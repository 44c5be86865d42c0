import type { Backend, Tensor } from './backend.ts';
import type { Engine } from './engine.ts';
import { RMSNormError } from './errors.ts';

// Found by Symbol.for, so that the objects of two copies of this package work together.
export const ENGINE: unique symbol = Symbol.for('@rmsnorm/core/engine/1');
export const BUFFER: unique symbol = Symbol.for('@rmsnorm/core/buffer/1');

export interface EngineOwned<B> {
  readonly [ENGINE]: Engine<B>;
}

export interface BufferOwner<B> extends EngineOwned<B> {
  /** Null once disposed. */
  readonly [BUFFER]: B | null;
}

/** Whether `value` is a tensor of any backend that `createBackend` made, in this or another copy of this package. (`in` is slow.) */
export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && (value as BufferOwner<unknown>)[BUFFER] !== undefined;
}

/**
 * The engine of a backend.
 * @throws RMSNormError FOREIGN_TENSOR where createBackend did not make it
 */
export function engineOfBackend(backend: Backend): Engine<unknown> {
  if (typeof backend === 'object' && backend !== null && ENGINE in backend) {
    return (backend as EngineOwned<unknown>)[ENGINE];
  }
  throw new RMSNormError('FOREIGN_TENSOR', 'that is no backend: take one from pickBackend() or from provider.create()');
}

/**
 * The engine of the backend that a tensor lives on.
 * @throws RMSNormError FOREIGN_TENSOR where it is no tensor, DISPOSED where its backend is gone
 */
export function engineOf(tensor: Tensor): Engine<unknown> {
  if (!isTensor(tensor)) {
    throw new RMSNormError('FOREIGN_TENSOR', 'that is no tensor: make one with backend.tensor(data, shape)');
  }
  const engine = (tensor as unknown as BufferOwner<unknown>)[ENGINE];
  engine.assertAlive();
  return engine;
}

/**
 * The driver's buffer of a tensor.
 * @throws RMSNormError FOREIGN_TENSOR where the tensor belongs to another backend, DISPOSED
 */
export function bufferOf<B>(engine: Engine<B>, tensor: Tensor, name: string): B {
  if (!isTensor(tensor))
    throw new RMSNormError('FOREIGN_TENSOR', `${name} is no tensor: make one with backend.tensor()`);
  const owner = tensor as unknown as BufferOwner<B>;
  if (owner[ENGINE] !== engine) {
    throw new RMSNormError(
      'FOREIGN_TENSOR',
      `${name} belongs to another backend (${tensor.backend.name}) than x (${engine.backend.name}): copy it there with backend.tensor(await ${name}.data(), ...)`,
    );
  }
  const buffer = owner[BUFFER];
  if (buffer === null) throw new RMSNormError('DISPOSED', `${name} was disposed: it cannot be used any more`);
  return buffer;
}
