/*
 * What applications import. Authors of backends find all of theirs, and a little more, in `@rmsnorm/core/driver`
 * (driver.ts). The folders, each of which imports only from those before it:
 *
 *     values/       numbers, dtypes, shapes, arrays on the host, errors
 *     driver/       what an author of a backend writes against
 *     options/      from options and a shape to a Problem
 *     backend/      what createBackend makes of a driver
 *     operations/   one file for each operation: checks, results, the driver's call
 *     api/          RMSNorm, the functions beside it, pickBackend
 *     reference/    the specification as a driver; nothing imports it but this file and tests
 */

export type { ApplyTargets } from './api/apply.ts';
export {
  addRmsNorm,
  type FunctionOptions,
  gatedRmsNorm,
  type QuantizedArguments,
  type RmsNormArguments,
  rmsNorm,
  rmsNormBackward,
  rmsNormQuantized,
  scaleBy,
  sumSquares,
  type Weights,
} from './api/functions.ts';
export { type BackendOf, type Candidate, type NamedProbe, type PickOptions, pickBackend } from './api/pick-backend.ts';
export { RMSNorm } from './api/rms-norm.ts';
export type { LoadOptions, ModelDict, StateDict } from './api/state-dict.ts';
export type {
  Backend,
  BackendProvider,
  PreparableNorm,
  PrepareOptions,
  ProbeResult,
  Tensor,
  TensorTypes,
  WithDType,
} from './backend/backend.ts';
export { createBackend } from './backend/create-backend.ts';
export * from './driver/public.ts';
export type { AddForwardResult, AddForwardTargets } from './operations/add-forward.ts';
export type { BackwardOut, BackwardResult, BackwardTargets } from './operations/backward.ts';
export type { ForwardTargets } from './operations/forward.ts';
export type { QuantizedResult, QuantizedTargets } from './operations/forward-quantized.ts';
export type { ScaleByTargets } from './operations/sharded.ts';
export { type Layout, layoutOf, problemOf } from './options/layout.ts';
export { type ResolvedOptions, type RMSNormOptions, resolveOptions } from './options/options.ts';
export { type OnnxOptions, type Preset, type Presets, presets } from './options/presets.ts';
export { reference } from './reference/reference.ts';
export { type AbortSignalLike, type SignalOptions, signalOf, throwIfAborted } from './values/abort.ts';
export { refuseMore } from './values/arguments.ts';
export type { AsyncDisposableLike, DisposableLike } from './values/disposable.ts';
export { bytesPerElement, type DType, FLOAT_DTYPES, type FloatDType } from './values/dtype.ts';
export * from './values/encoding.ts';
export { ERROR_CODES, type ErrorCode, isRMSNormError, RMSNormError } from './values/errors.ts';
export type {
  DataOf,
  Float16ArrayLike,
  FreshOf,
  HostData,
  HostDataOf,
  HostTensor,
  NestedNumbers,
  ViewOf,
} from './values/host-data.ts';
export { hostTensor } from './values/host-tensor.ts';
// For backends, too: a page that maps this name alone can then load them.
export { checkedKeys, type Form, keysOf, readKeys } from './values/keys.ts';
export { reading } from './values/reading.ts';
export { messageOf, show, tagOf } from './values/show.ts';
