import { bytesPerElement, type DType, type FloatDType, isFloatDType } from './dtype.ts';
import { decode, encode } from './encoding.ts';
import { RMSNormError } from './errors.ts';
import type { HostData, HostTensor } from './host-data.ts';
import { checkedShape, elementCount, showShape } from './shape.ts';
import { unreachable } from './unreachable.ts';

const KINDS_OF_ARRAY = ['Float32Array', 'Uint16Array', 'Float16Array', 'Array'] as const;

/** The arrays that a HostTensor of each dtype may hold. */
const KINDS: Readonly<Record<FloatDType, readonly string[]>> = {
  float32: ['Float32Array'],
  float16: ['Uint16Array', 'Float16Array'],
  bfloat16: ['Uint16Array'],
};

/** @throws RMSNormError DTYPE */
export function checkedDType<T extends DType>(dtype: T): T {
  if (dtype !== 'int8' && !isFloatDType(dtype)) {
    throw new RMSNormError('DTYPE', `there is no dtype '${dtype}': use float32, float16 or bfloat16`);
  }
  return dtype;
}

/**
 * The dtype of an x.
 * @throws RMSNormError DTYPE
 */
export function floatDType(dtype: DType): FloatDType {
  if (isFloatDType(dtype)) return dtype;
  throw new RMSNormError('DTYPE', `x is ${dtype}: only float32, float16 and bfloat16 are normalized`);
}

/**
 * `data` as elements of one dtype: Float32Array and number[] are float32, or rounded to the dtype given;
 * Float16Array is float16; Uint16Array holds raw bits and needs a dtype. `shape` is known to be a shape.
 * @throws RMSNormError DTYPE, SHAPE
 */
export function asHostTensor(
  data: HostData | readonly number[],
  shape: readonly number[],
  dtype: FloatDType | undefined,
): HostTensor {
  if (dtype !== undefined && !isFloatDType(dtype)) {
    throw new RMSNormError(
      'DTYPE',
      `data cannot be copied into a tensor of dtype '${dtype}': use float32, float16 or bfloat16`,
    );
  }
  const kind = kindOf(data);
  if (data.length !== elementCount(shape)) {
    throw new RMSNormError(
      'SHAPE',
      `shape ${showShape(shape)} has ${elementCount(shape)} elements, the data has ${data.length}`,
    );
  }
  switch (kind) {
    case 'Uint16Array':
      if (dtype === 'float16' || dtype === 'bfloat16') return { dtype, shape, data: data as Uint16Array };
      throw new RMSNormError(
        'DTYPE',
        `a Uint16Array holds the raw bits of a 16-bit type: name 'float16' or 'bfloat16', got ${dtype}`,
      );
    case 'Float16Array':
      if (dtype === undefined || dtype === 'float16') return { dtype: 'float16', shape, data: data as HostData };
      throw new RMSNormError(
        'DTYPE',
        `a Float16Array is float16, not ${dtype}: convert it with Float32Array.from() first`,
      );
    case 'Float32Array':
      if (dtype === undefined || dtype === 'float32') return { dtype: 'float32', shape, data: data as Float32Array };
      return { dtype, shape, data: encode(data, dtype) };
    case 'Array':
      return { dtype: dtype ?? 'float32', shape, data: encode(data, dtype ?? 'float32') };
    default:
      return unreachable(kind, 'kind of array');
  }
}

/**
 * Checks a HostTensor of the caller's: data of the kind that its dtype asks for, as many elements as its shape.
 * @throws RMSNormError DTYPE, SHAPE
 */
export function checkedHostTensor(host: HostTensor, name: string): HostTensor {
  if (typeof host !== 'object' || host === null || !('data' in host) || !('shape' in host)) {
    throw new RMSNormError('DTYPE', `${name} must be a host tensor { dtype, shape, data }`);
  }
  const shape = checkedShape(host.shape);
  const kind = kindOf(host.data);
  if (!KINDS[host.dtype]?.includes(kind)) {
    const wanted = KINDS[host.dtype]?.join(' or ') ?? 'of dtype float32, float16 or bfloat16';
    throw new RMSNormError('DTYPE', `${name} is ${host.dtype}: its data must be ${wanted}, got ${kind}`);
  }
  return asHostTensor(host.data, shape, host.dtype);
}

/** The elements of a host tensor as float32, the same array where they are that. */
export function asFloat32({ data, dtype }: HostTensor): Float32Array {
  return dtype === 'float32' ? (data as Float32Array) : decode(data, dtype);
}

/** The bytes of an array, without a copy. */
export function bytesOf({ buffer, byteOffset, byteLength }: HostData | Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A new array of the same kind as `data`, with the bytes given. */
export function sameKind(data: HostData, bytes: Uint8Array, dtype: FloatDType): HostData {
  const Kind = data.constructor as new (buffer: ArrayBufferLike, byteOffset: number, length: number) => HostData;
  return new Kind(bytes.buffer, bytes.byteOffset, bytes.byteLength / bytesPerElement(dtype));
}

/** By name, not by instanceof: an array may come from another realm, and Float16Array may not exist. */
function kindOf(data: unknown): (typeof KINDS_OF_ARRAY)[number] {
  const name = Array.isArray(data)
    ? 'Array'
    : (data as { [Symbol.toStringTag]?: unknown } | null)?.[Symbol.toStringTag];
  const kind = KINDS_OF_ARRAY.find((known) => known === name);
  if (kind !== undefined) return kind;
  throw new RMSNormError(
    'DTYPE',
    `data must be a Float32Array, Uint16Array (raw 16-bit), Float16Array or number[], got ${String(name ?? typeof data)}`,
  );
}
