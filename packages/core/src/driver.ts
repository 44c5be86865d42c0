/*
 * `@rmsnorm/core/driver`: what authors of backends import. Write a Driver, list in `supports` what it can do, hand it to
 * createBackend, and export a BackendProvider.
 */

export type {
  Backend,
  BackendProvider,
  PrepareOptions,
  ProbeResult,
  Tensor,
  TensorTypes,
  WithDType,
} from './backend/backend.ts';
export { createBackend } from './backend/create-backend.ts';
export { operandLength } from './driver/operations.ts';
export type { GatedProblem, OperationProblem, QuantizedProblem, ScaleByProblem } from './driver/problem.ts';
export * from './driver/public.ts';
export { type AbortSignalLike, abortable, type SignalOptions, signalOf, throwIfAborted } from './values/abort.ts';
export { refuseMore } from './values/arguments.ts';
export { bytesPerElement, type DType, FLOAT_DTYPES, type FloatDType } from './values/dtype.ts';
export * from './values/encoding.ts';
export { type ErrorCode, isRMSNormError, RMSNormError } from './values/errors.ts';
export type { DataOf, ViewOf } from './values/host-data.ts';
export { checkedKeys, type Form, keysOf, readKeys } from './values/keys.ts';
export { nearest } from './values/nearest.ts';
export { bytesOf } from './values/plain-array.ts';
export { reading } from './values/reading.ts';
export { elementCount } from './values/shape.ts';
export { escaped, show, showText, tagOf } from './values/show.ts';
export { unreachable } from './values/unreachable.ts';
