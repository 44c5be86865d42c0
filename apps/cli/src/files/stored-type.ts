import { decode, type FloatDType } from '@rmsnorm/core';

/** Element types that are read from files. Those that are no {@link FloatDType} are cast. */
export type StoredType = FloatDType | 'float64' | 'bool' | `${'int' | 'uint'}${8 | 16 | 32 | 64}`;

const BYTES: Readonly<Record<StoredType, number>> = {
  ...{ float16: 2, bfloat16: 2, float32: 4, float64: 8, bool: 1 },
  ...{ int8: 1, int16: 2, int32: 4, int64: 8, uint8: 1, uint16: 2, uint32: 4, uint64: 8 },
};

export function bytesPerStored(type: StoredType): number {
  return BYTES[type];
}

export function isFloatDType(type: StoredType): type is FloatDType {
  return type === 'float32' || type === 'float16' || type === 'bfloat16';
}

/** The number of elements of a shape in a file; NaN where it is too large for an integer. */
export function countOf(shape: readonly number[]): number {
  if (shape.includes(0)) return 0;
  let count = 1;
  for (const length of shape) {
    count *= length;
    if (!Number.isSafeInteger(count)) return Number.NaN;
  }
  return count;
}

/**
 * Casts elements to float32, rounded once to nearest even, as NumPy does.
 * @param bytes begins at a multiple of the elements' size; big endian elements are swapped in it
 */
export function castToFloat32(bytes: Uint8Array, type: StoredType, bigEndian: boolean, into: Float32Array): void {
  if (bigEndian) swap(bytes, bytesPerStored(type));
  into.set(numbersOf(bytes, type));
}

/** Numbers that are the elements once they are rounded to float32. */
function numbersOf(bytes: Uint8Array, type: StoredType): ArrayLike<number> {
  const { buffer, byteOffset } = bytes;
  const count = bytes.byteLength / bytesPerStored(type);
  switch (type) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, count);
    case 'float16':
    case 'bfloat16':
      return decode(new Uint16Array(buffer, byteOffset, count), type);
    case 'float64':
      return new Float64Array(buffer, byteOffset, count);
    case 'bool':
      return bytes.map((byte) => (byte === 0 ? 0 : 1));
    case 'int8':
      return new Int8Array(buffer, byteOffset, count);
    case 'uint8':
      return bytes;
    case 'int16':
      return new Int16Array(buffer, byteOffset, count);
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, count);
    case 'int32':
      return new Int32Array(buffer, byteOffset, count);
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, count);
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, count), roundedOnce);
    case 'uint64':
      return Float64Array.from(new BigUint64Array(buffer, byteOffset, count), roundedOnce);
    default:
      throw new Error(`nothing casts ${type satisfies never}`);
  }
}

/**
 * A number that float32 rounds as it would round `long`. Number(long) alone may round first, to a tie that float32 then
 * resolves the wrong way: the bits that do not fit into 53 become one bit, far below the last of float32.
 */
function roundedOnce(long: bigint): number {
  const near = Number(long);
  if (Number.isSafeInteger(near)) return near;
  const lost = (long & 0x7ffn) === 0n ? 0n : 1n;
  return Number((long >> 11n) | lost) * 2048;
}

function swap(bytes: Uint8Array, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) buffer.swap16();
  else if (size === 4) buffer.swap32();
  else if (size === 8) buffer.swap64();
}
