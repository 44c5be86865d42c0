import { bytesPerElement, type DType, type FloatDType } from './dtype.ts';
import { unreachable } from './unreachable.ts';

/** Bytes as elements of `dtype`, without a copy: 16-bit floats as their raw bits. They start at a multiple of 4. */
export function typedView(bytes: Uint8Array, dtype: FloatDType): Float32Array | Uint16Array;
export function typedView(bytes: Uint8Array, dtype: DType): Float32Array | Uint16Array | Int8Array;
export function typedView(
  { buffer, byteOffset, byteLength }: Uint8Array,
  dtype: DType,
): Float32Array | Uint16Array | Int8Array {
  const length = byteLength / bytesPerElement(dtype);
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, length);
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(buffer, byteOffset, length);
    case 'int8':
      return new Int8Array(buffer, byteOffset, length);
    default:
      return unreachable(dtype, 'dtype');
  }
}
