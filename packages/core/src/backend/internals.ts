import type { Driver } from '../driver/driver.ts';
import type { Supports } from '../driver/supports.ts';
import type { DType } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import type { Backend, Tensor } from './backend.ts';

/** What stands behind a backend and each of its tensors; a copy of this package finds that of another copy. */
export interface BackendInternals<B> {
  readonly backend: Backend;
  readonly driver: Driver<B>;
  /** The driver's, checked and frozen. */
  readonly supports: Supports;
  /** Live tensors, and the bytes that were allocated for them. */
  readonly memory: { tensors: number; bytes: number };
  readonly disposed: boolean;
  /** @throws RMSNormError DISPOSED */
  assertAlive(): void;
  /**
   * A tensor of a shape that is known to be right, and is frozen here; contents unspecified.
   * @throws RMSNormError OUT_OF_MEMORY
   */
  allocate(shape: readonly number[], dtype: DType): Tensor;
  /**
   * A tensor over memory of the caller's, which is not counted.
   * @throws RMSNormError UNSUPPORTED where the driver cannot, and what the driver throws for a handle it cannot take
   */
  adopt(handle: unknown, shape: readonly number[], dtype: DType): Tensor;
  dispose(): Promise<void>;
}

// Found by Symbol.for, so that the objects of two copies of this package work together.
export const INTERNALS: unique symbol = Symbol.for('@rmsnorm/core/internals/1');
export const BUFFER: unique symbol = Symbol.for('@rmsnorm/core/buffer/1');

export interface HasInternals<B> {
  readonly [INTERNALS]: BackendInternals<B>;
}

/** What a tensor hides: its backend's internals and its driver's buffer. */
export interface HasBuffer<B> extends HasInternals<B> {
  /** Null once disposed. */
  readonly [BUFFER]: B | null;
}

/** Whether `value` is a tensor of a backend that `createBackend` made, in this or another copy of this package. */
export function isTensor(value: unknown): value is Tensor {
  // Not by `in`, which is slow.
  return typeof value === 'object' && value !== null && (value as HasBuffer<unknown>)[BUFFER] !== undefined;
}

/** @throws RMSNormError FOREIGN_TENSOR where createBackend did not make `backend` */
export function internalsOfBackend(backend: Backend): BackendInternals<unknown> {
  if (typeof backend === 'object' && backend !== null && INTERNALS in backend) {
    return (backend as HasInternals<unknown>)[INTERNALS];
  }
  throw new RMSNormError('FOREIGN_TENSOR', 'that is no backend: take one from pickBackend() or from provider.create()');
}

/**
 * The internals of the backend that a tensor lives on.
 * @throws RMSNormError FOREIGN_TENSOR where it is no tensor, DISPOSED where its backend is gone
 */
export function internalsOf(tensor: Tensor): BackendInternals<unknown> {
  if (!isTensor(tensor)) {
    throw new RMSNormError('FOREIGN_TENSOR', 'that is no tensor: make one with backend.tensor(data, shape)');
  }
  const internals = (tensor as unknown as HasBuffer<unknown>)[INTERNALS];
  internals.assertAlive();
  return internals;
}

/**
 * The driver's buffer of a tensor.
 * @throws RMSNormError FOREIGN_TENSOR where the tensor belongs to another backend, DISPOSED
 */
export function bufferOf<B>(internals: BackendInternals<B>, tensor: Tensor, name: string): B {
  if (!isTensor(tensor))
    throw new RMSNormError('FOREIGN_TENSOR', `${name} is no tensor: make one with backend.tensor()`);
  const owner = tensor as unknown as HasBuffer<B>;
  if (owner[INTERNALS] !== internals) {
    throw new RMSNormError(
      'FOREIGN_TENSOR',
      `${name} belongs to another backend (${tensor.backend.name}) than x (${internals.backend.name}): copy it there with backend.tensor(await ${name}.data(), ...)`,
    );
  }
  const buffer = owner[BUFFER];
  if (buffer === null) throw new RMSNormError('DISPOSED', `${name} was disposed: it cannot be used any more`);
  return buffer;
}
