export type { AbortSignalLike } from './abort.ts';
export type {
  Backend,
  BackendProvider,
  Float16ArrayLike,
  HostData,
  HostTensor,
  ProbeResult,
  Tensor,
} from './backend.ts';
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
  ScaleByIO,
  SumSquaresIO,
  Supports,
} from './driver.ts';
export { bytesPerElement, type DType, FLOAT_DTYPES, type FloatDType } from './dtype.ts';
export { bfloat16Bits, bfloat16Value, decode, encode, float16Bits, float16Value, roundTo } from './encoding.ts';
export { ERROR_CODES, type ErrorCode, isRMSNormError, RMSNormError } from './errors.ts';
export type { Casting, EpsMode, Problem } from './problem.ts';
