import { refuseMore } from './arguments.ts';
import { type DType, type FloatDType, isFloatDType } from './dtype.ts';
import { decode, encode } from './encoding.ts';
import { RMSNormError } from './errors.ts';
import type { DataOf, Float16ArrayLike, HostData, HostTensor, NestedNumbers } from './host-data.ts';
import { keysOf, readKeys } from './keys.ts';
import { flattened, nestedShape } from './nested.ts';
import { kindOfArray, plainArray } from './plain-array.ts';
import { isArray, reading } from './reading.ts';
import { checkedShape, elementCount, sameShape } from './shape.ts';
import { show } from './show.ts';
import { unreachable } from './unreachable.ts';

const KINDS_OF_ARRAY = ['Float32Array', 'Uint16Array', 'Float16Array', 'Array'] as const;

/** The arrays that a HostTensor of each dtype may hold. */
const KINDS: Readonly<Record<FloatDType, readonly string[]>> = {
  float32: ['Float32Array'],
  float16: ['Uint16Array', 'Float16Array'],
  bfloat16: ['Uint16Array'],
};

const KEYS = keysOf<HostTensor>({ dtype: true, shape: true, data: true });

/** @throws RMSNormError DTYPE */
export function checkedDType<T extends DType>(dtype: T): T {
  if (dtype !== 'int8' && !isFloatDType(dtype)) {
    throw new RMSNormError('DTYPE', `there is no dtype ${show(dtype)}: use float32, float16 or bfloat16`);
  }
  return dtype;
}

/**
 * The dtype of an x.
 * @throws RMSNormError DTYPE
 */
export function floatDType(dtype: DType): FloatDType {
  if (isFloatDType(dtype)) return dtype;
  throw new RMSNormError('DTYPE', `x is ${show(dtype)}: only float32, float16 and bfloat16 are normalized`);
}

/**
 * A tensor on the host. Typed arrays are taken as they are, without a copy, if they have the dtype: a Float32Array
 * float32, a Float16Array float16, a Uint16Array the raw bits of the 16-bit dtype named. Numbers, also in nested arrays,
 * and float32 for another dtype are rounded to nearest even.
 *
 *     hostTensor(new Float32Array(12), [3, 4])
 *     hostTensor([[1, 2], [3, 4]], undefined, 'bfloat16')
 *
 * @param shape unless given, that of the nesting: one axis for a flat array
 * @throws RMSNormError SHAPE, DTYPE
 */
export function hostTensor<A extends Float32Array>(
  data: A,
  shape?: readonly number[],
  dtype?: 'float32',
): HostTensor<'float32', A>;
export function hostTensor<A extends Uint16Array, D extends 'float16' | 'bfloat16'>(
  data: A,
  shape: readonly number[] | undefined,
  dtype: D,
): HostTensor<D, A>;
export function hostTensor<A extends Float16ArrayLike>(
  data: A,
  shape?: readonly number[],
  dtype?: 'float16',
): HostTensor<'float16', A>;
export function hostTensor<D extends FloatDType = 'float32'>(
  data: Float32Array | NestedNumbers,
  shape?: readonly number[],
  dtype?: D,
): HostTensor<D, DataOf<D>>;
export function hostTensor(data: HostData | NestedNumbers, shape?: readonly number[], dtype?: FloatDType): HostTensor {
  if (arguments.length > 3) refuseMore(arguments, 3, 'hostTensor(data, shape, dtype)');
  return reading('the data', 'DTYPE', () => hostTensorOf(data, shape, dtype));
}

function hostTensorOf(
  data: HostData | NestedNumbers,
  shape: readonly number[] | undefined,
  dtype: FloatDType | undefined,
): HostTensor {
  const kind = kindOf(data);
  if (kind !== 'Array') {
    const host = asHostTensor(data as HostData, shaped(shape, [plainArray(data).length]), dtype);
    // Not rounded to another dtype: the caller's own array, which may be of a subclass.
    return kind === kindOfArray(host.data) ? { ...host, data: data as HostData } : host;
  }
  const lists = data as NestedNumbers;
  const found = nestedShape(lists);
  // A flat list may get any shape, as a typed array may; nested ones have theirs.
  if (found.length === 1) return asHostTensor(lists as readonly number[], shaped(shape, found), dtype);
  const own = shaped(shape, found);
  if (!sameShape(own, found)) {
    throw new RMSNormError('SHAPE', `the nested arrays have shape ${show(found)}, not ${show(own)}`);
  }
  return asHostTensor(flattened(lists, found), own, dtype);
}

function shaped(shape: readonly number[] | undefined, otherwise: readonly number[]): readonly number[] {
  return checkedShape(shape === undefined ? otherwise : shape);
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
  return reading('the data', 'DTYPE', () => elementsOf(data, shape, dtype));
}

function elementsOf(
  data: HostData | readonly number[],
  shape: readonly number[],
  dtype: FloatDType | undefined,
): HostTensor {
  if (dtype !== undefined && !isFloatDType(dtype)) {
    throw new RMSNormError(
      'DTYPE',
      `data cannot be copied into a tensor of dtype ${show(dtype)}: use float32, float16 or bfloat16`,
    );
  }
  const kind = kindOf(data);
  const elements = kind === 'Array' ? data : plainArray(data);
  requireLength(elements, shape, 'the data');
  switch (kind) {
    case 'Uint16Array':
      if (dtype === 'float16' || dtype === 'bfloat16') return { dtype, shape, data: elements as Uint16Array };
      throw new RMSNormError(
        'DTYPE',
        `a Uint16Array holds the raw bits of a 16-bit type: name 'float16' or 'bfloat16', got ${show(dtype)}`,
      );
    case 'Float16Array':
      if (dtype === undefined || dtype === 'float16') return { dtype: 'float16', shape, data: elements as HostData };
      throw new RMSNormError(
        'DTYPE',
        `a Float16Array is float16, not ${dtype}: convert it with Float32Array.from() first`,
      );
    case 'Float32Array':
      if (dtype === undefined || dtype === 'float32')
        return { dtype: 'float32', shape, data: elements as Float32Array };
      return { dtype, shape, data: encode(elements, dtype) };
    case 'Array':
      return { dtype: dtype ?? 'float32', shape, data: encode(elements, dtype ?? 'float32') };
    default:
      return unreachable(kind, 'kind of array');
  }
}

/**
 * Checks a HostTensor of the caller's: data of the kind that its dtype asks for, as many elements as its shape.
 * @throws RMSNormError DTYPE, SHAPE; INVALID_OPTION where it has other keys, such as strides
 */
export function checkedHostTensor(host: HostTensor, name: string): HostTensor {
  return reading(name, 'DTYPE', () => readHostTensor(host, name));
}

function readHostTensor(host: HostTensor, name: string): HostTensor {
  if (typeof host !== 'object' || host === null || !('data' in host) || !('shape' in host)) {
    throw new RMSNormError(
      'DTYPE',
      `${name} must be a host tensor { dtype, shape, data }, got ${show(host)}: hostTensor(data, shape) makes one`,
    );
  }
  if (typeof host.data === 'function') {
    throw new RMSNormError('DTYPE', `${name} is a tensor of a backend: a host tensor holds its elements itself`);
  }
  const { dtype, shape: given, data } = readKeys(host, { name, keys: KEYS, copy });
  const shape = checkedShape(given);
  const kind = kindOf(data);
  if (!isFloatDType(dtype) || !KINDS[dtype].includes(kind)) {
    const wanted = isFloatDType(dtype) ? KINDS[dtype].join(' or ') : 'of dtype float32, float16 or bfloat16';
    throw new RMSNormError('DTYPE', `${name} is ${show(dtype)}: its data must be ${wanted}, got ${kind}`);
  }
  const elements = plainArray(data);
  requireLength(elements, shape, `the data of ${name}`);
  return { dtype, shape, data: elements };
}

function copy({ dtype, shape, data }: HostTensor): HostTensor {
  return { dtype, shape, data };
}

function requireLength({ length }: { readonly length: number }, shape: readonly number[], what: string): void {
  const elements = elementCount(shape);
  if (length === elements) return;
  throw new RMSNormError('SHAPE', `shape ${show(shape)} has ${elements} elements, ${what} has ${length}`);
}

/** The elements of a host tensor as float32, the same array where they are that. */
export function asFloat32({ data, dtype }: HostTensor): Float32Array {
  return dtype === 'float32' ? (data as Float32Array) : decode(data, dtype);
}

/** By name, not by instanceof: an array may come from another realm, and Float16Array may not exist. */
function kindOf(data: unknown): (typeof KINDS_OF_ARRAY)[number] {
  const name = kindOfArray(data) ?? (isArray(data) ? 'Array' : undefined);
  const kind = KINDS_OF_ARRAY.find((known) => known === name);
  if (kind !== undefined) return kind;
  throw new RMSNormError(
    'DTYPE',
    `data must be a Float32Array, Uint16Array (raw 16-bit), Float16Array or number[], got ${show(data)}`,
  );
}
