export type { AbortSignalLike } from './abort.ts';
export type { ApplyTargets } from './apply.ts';
export type {
  Backend,
  BackendProvider,
  Float16ArrayLike,
  HostData,
  HostTensor,
  PrepareOptions,
  ProbeResult,
  Tensor,
} from './backend.ts';
export { createBackend } from './create-backend.ts';
export type {
  Accuracy,
  AddForwardIO,
  BackwardIO,
  Driver,
  Feature,
  ForwardIO,
  ForwardQuantizedIO,
  GatedForwardIO,
  Guarantee,
  HostForwardIO,
  Op,
  PreparedUses,
  ScaleByIO,
  SumSquaresIO,
  Supports,
} from './driver.ts';
export { bytesPerElement, type DType, FLOAT_DTYPES, type FloatDType } from './dtype.ts';
export { bfloat16Bits, bfloat16Value, decode, encode, float16Bits, float16Value, roundTo } from './encoding.ts';
export { ERROR_CODES, type ErrorCode, isRMSNormError, RMSNormError } from './errors.ts';
export {
  addRmsNorm,
  type FunctionOptions,
  gatedRmsNorm,
  type RmsNormArguments,
  rmsNorm,
  rmsNormBackward,
  rmsNormQuantized,
  scaleBy,
  sumSquares,
  type Weights,
} from './functions.ts';
export { type Layout, layoutOf, problemOf } from './layout.ts';
export type { AddForwardResult, AddForwardTargets } from './operations/add-forward.ts';
export type { BackwardResult, BackwardTargets } from './operations/backward.ts';
export type { QuantizedResult, QuantizedTargets } from './operations/forward-quantized.ts';
export type { ScaleByTargets } from './operations/sharded.ts';
export {
  type Extent,
  OPERATIONS,
  type Operand,
  type OperandName,
  type Operation,
  type Presence,
} from './operations/table.ts';
export { type ResolvedOptions, type RMSNormOptions, resolveOptions } from './options.ts';
export { type Candidate, type NamedProbe, type PickOptions, pickBackend } from './pick-backend.ts';
export { type OnnxOptions, type Presets, presets } from './presets.ts';
export type { Casting, EpsMode, Problem } from './problem.ts';
export { reference } from './reference/reference.ts';
export { RMSNorm } from './rms-norm.ts';
export type { StateDict } from './state-dict.ts';
export { FEATURES, GUARANTEES, OPS } from './supports.ts';
export type { ForwardTargets } from './targets.ts';
