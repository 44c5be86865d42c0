import type { Driver } from '../driver/driver.ts';
import type { Supports } from '../driver/supports.ts';
import type { DType } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import { reading } from '../values/reading.ts';
import { show } from '../values/show.ts';
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
  /** As {@link Backend.tidy}. */
  tidy<R>(fn: () => R): R;
  /** Takes a tensor out of every running tidy: it belongs to the norm, or is disposed of by whoever made it. */
  keep(tensor: Tensor): void;
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
  if (typeof value !== 'object' || value === null) return false;
  try {
    // Not by `in`, which is slow.
    return (value as HasBuffer<unknown>)[BUFFER] !== undefined;
  } catch {
    // A Proxy that throws.
    return false;
  }
}

/** @throws RMSNormError FOREIGN_TENSOR where createBackend did not make `backend` */
export function internalsOfBackend(backend: Backend): BackendInternals<unknown> {
  const internals = reading(
    'the backend',
    'FOREIGN_TENSOR',
    () => (backend as Partial<HasInternals<unknown>> | null | undefined)?.[INTERNALS],
  );
  if (internals !== undefined && !isTensor(backend)) return internals;
  throw new RMSNormError(
    'FOREIGN_TENSOR',
    `a backend comes from pickBackend() or from provider.create(), got ${show(backend)}`,
  );
}

/**
 * The internals of the backend that a tensor lives on.
 * @throws RMSNormError FOREIGN_TENSOR where it is no tensor, DISPOSED where its backend is gone
 */
export function internalsOf(tensor: Tensor): BackendInternals<unknown> {
  if (!isTensor(tensor)) throw noTensor('x', tensor);
  const internals = (tensor as unknown as HasBuffer<unknown>)[INTERNALS];
  // A Proxy may answer whatever it is asked.
  if (typeof internals?.assertAlive !== 'function') throw noTensor('x', tensor);
  internals.assertAlive();
  return internals;
}

/**
 * The driver's buffer of a tensor.
 * @throws RMSNormError FOREIGN_TENSOR where the tensor belongs to another backend, DISPOSED
 */
export function bufferOf<B>(internals: BackendInternals<B>, tensor: Tensor, name: string): B {
  if (typeof tensor !== 'object' || tensor === null) throw noTensor(name, tensor);
  let owner: BackendInternals<B>;
  let buffer: B | null | undefined;
  // Read here, not by isTensor: calls that have many tensors are 10 % faster.
  try {
    owner = (tensor as unknown as HasBuffer<B>)[INTERNALS];
    buffer = (tensor as unknown as HasBuffer<B>)[BUFFER];
  } catch {
    // A Proxy that throws.
    throw noTensor(name, tensor);
  }
  if (buffer === undefined) throw noTensor(name, tensor);
  if (owner !== internals) throw otherBackend(name, tensor, internals.backend);
  if (buffer === null) throw new RMSNormError('DISPOSED', `${name} was disposed: it cannot be used any more`);
  return buffer;
}

function noTensor(name: string, value: unknown): RMSNormError {
  return new RMSNormError(
    'FOREIGN_TENSOR',
    `${name} is no tensor, but ${show(value)}: make one with backend.tensor(data, shape)`,
  );
}

function otherBackend(name: string, tensor: Tensor, backend: Backend): RMSNormError {
  const theirs = reading(name, 'FOREIGN_TENSOR', () => show(tensor.backend.name));
  const ours = show(backend.name);
  return new RMSNormError(
    'FOREIGN_TENSOR',
    `${name} belongs to another backend (${theirs}) than x (${ours}): copy it there with backend.tensor(await ${name}.data(), ...)`,
  );
}
