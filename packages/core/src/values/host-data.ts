import type { DType, FloatDType } from './dtype.ts';

/** A `Float16Array`, structurally: Node 20 and older browsers have none. */
export interface Float16ArrayLike {
  readonly BYTES_PER_ELEMENT: number;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly length: number;
  readonly [Symbol.toStringTag]: 'Float16Array';
  [index: number]: number;
  set(values: ArrayLike<number>, offset?: number): void;
}

/*
 * Arrays over an ArrayBuffer, never a SharedArrayBuffer: what Blob, fetch, Web Audio and writeBuffer take. TypeScript
 * writes them `Float32Array<ArrayBuffer>` from 5.7 on, and knows no such thing before; what `slice` returns is it in all.
 */
type Float32Data = ReturnType<Float32Array['slice']>;
type Uint16Data = ReturnType<Uint16Array['slice']>;
type Int8Data = ReturnType<Int8Array['slice']>;

/** What `tensor.data()` gives for each dtype: a new array, which holds raw bits for a 16-bit dtype. */
export type DataOf<D extends DType> = {
  readonly float32: Float32Data;
  readonly float16: Uint16Data;
  readonly bfloat16: Uint16Data;
  readonly int8: Int8Data;
}[D];

/** What `tensor.view()` gives for each dtype, over memory that may be shared. */
export type ViewOf<D extends DType> = {
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly bfloat16: Uint16Array;
  readonly int8: Int8Array;
}[D];

/** What a host tensor of each dtype may hold: a `Uint16Array` holds raw bits. */
export type HostDataOf<D extends FloatDType> = {
  readonly float32: Float32Array;
  readonly float16: Uint16Array | Float16ArrayLike;
  readonly bfloat16: Uint16Array;
}[D];

/** Elements on the host: `Uint16Array` holds the raw bits of a float16 or bfloat16. */
export type HostData = HostDataOf<FloatDType>;

/** A tensor on the host: {@link hostTensor} makes one. */
export interface HostTensor<D extends FloatDType = FloatDType, A extends HostDataOf<D> = HostDataOf<D>> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: A;
}

/** A new array of the same kind. */
export type FreshOf<A> = A extends { slice(start?: number, end?: number): infer F } ? F : A;

/** Numbers, and lists of such lists: `[[1, 2], [3, 4]]`. */
export type NestedNumbers = readonly (number | Float32Array | NestedNumbers)[];
