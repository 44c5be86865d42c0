import type { FloatDType } from './dtype.ts';

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

/** Elements on the host: `Uint16Array` holds the raw bits of a float16 or bfloat16. */
export type HostData = Float32Array | Uint16Array | Float16ArrayLike;

export interface HostTensor {
  readonly dtype: FloatDType;
  readonly shape: readonly number[];
  readonly data: HostData;
}
