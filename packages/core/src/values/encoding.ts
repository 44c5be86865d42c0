import { refuseMore } from './arguments.ts';
import type { FloatDType } from './dtype.ts';
import { RMSNormError } from './errors.ts';
import type { DataOf, HostData } from './host-data.ts';
import { hostMemory } from './host-memory.ts';
import { checkedNumber, checkedNumbers } from './numbers.ts';
import { kindOfArray } from './plain-array.ts';
import { unreachable } from './unreachable.ts';

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** 2^(e - 15) by float16's exponent field e: looked up, as `2 ** n` is the slowest part of a conversion. */
const POWERS = Float64Array.from({ length: 31 }, (_, field) => 2 ** (field - 15));

/** The float16 (IEEE 754 binary16) nearest to `value`, ties to even, as raw bits: rounded once, from float64. */
export function float16Bits(value: number): number {
  f32[0] = checkedNumber(value);
  const sign = (u32[0]! >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below 2^-14 the spacing is 2^-24.
  if (magnitude < 2 ** -14) return sign | roundHalfEven(magnitude * 2 ** 24);
  // The exponent is float32's: where rounding to float32 carried into the next power of two, so does float16.
  const field = ((u32[0]! >>> 23) & 0xff) - 112;
  return sign | ((field << 10) + roundHalfEven((magnitude / POWERS[field]! - 1) * 1024));
}

/** The value of a float16's raw bits, exact. */
export function float16Value(bits: number): number {
  const sign = checkedNumber(bits) & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * POWERS[exponent]!;
}

/** The bfloat16 nearest to `value`, ties to even, as raw bits: rounded once, from float64. */
export function bfloat16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  f32[0] = checkedNumber(value);
  let bits = u32[0]!;
  // float64 was rounded to float32 on the way. Where that hit a tie of bfloat16, step back to the side it came from.
  if ((bits & 0xffff) === 0x8000) {
    const rounded = Math.abs(f32[0]!);
    if (rounded < Math.abs(value)) bits += 1;
    else if (rounded > Math.abs(value)) bits -= 1;
  }
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The value of a bfloat16's raw bits, exact. */
export function bfloat16Value(bits: number): number {
  u32[0] = (checkedNumber(bits) << 16) >>> 0;
  return f32[0]!;
}

/** `value` rounded once to the nearest value of `dtype`, ties to even. */
export function roundTo(dtype: FloatDType, value: number): number {
  switch (dtype) {
    case 'float32':
      return Math.fround(checkedNumber(value));
    case 'float16':
      return float16Value(float16Bits(value));
    case 'bfloat16':
      return bfloat16Value(bfloat16Bits(value));
    default:
      return unreachable(dtype, 'dtype');
  }
}

/**
 * Numbers as elements of `dtype`, rounded once to nearest even; 16-bit types as raw bits.
 * @throws RMSNormError DTYPE where one is no number, OUT_OF_MEMORY
 */
export function encode<D extends FloatDType>(values: ArrayLike<number>, dtype: D): DataOf<D>;
export function encode(values: ArrayLike<number>, dtype: FloatDType): DataOf<FloatDType> {
  if (arguments.length > 2) refuseMore(arguments, 2, 'encode(values, dtype)');
  const numbers = checkedNumbers(values);
  switch (dtype) {
    case 'float32':
      return toFloat32(numbers);
    case 'float16':
      return eachToBits(numbers, float16Bits);
    case 'bfloat16':
      return eachToBits(numbers, bfloat16Bits);
    default:
      return unreachable(dtype, 'dtype');
  }
}

/**
 * Elements of `dtype` as numbers, exact. `Uint16Array` holds raw bits.
 * @throws RMSNormError DTYPE, OUT_OF_MEMORY
 */
export function decode(data: HostData, dtype: FloatDType): DataOf<'float32'> {
  if (arguments.length > 2) refuseMore(arguments, 2, 'decode(data, dtype)');
  const elements = checkedNumbers(data);
  // A Float32Array or a Float16Array holds numbers already.
  if (kindOfArray(data) !== 'Uint16Array') {
    return toFloat32(elements);
  }
  switch (dtype) {
    case 'float32':
      throw new RMSNormError('DTYPE', 'a Uint16Array holds raw bits of float16 or bfloat16, not float32');
    case 'float16':
      return eachFromBits(elements, float16Value);
    case 'bfloat16':
      return eachFromBits(elements, bfloat16Value);
    default:
      return unreachable(dtype, 'dtype');
  }
}

// By index: the constructor goes through an iterator, which a list of the caller's may have of its own.
function toFloat32(values: ArrayLike<number>): DataOf<'float32'> {
  const floats = hostMemory(() => new Float32Array(values.length), values.length, 'elements');
  floats.set(values);
  return floats;
}

// Not Uint16Array.from, which goes through an iterator: several times as long.
function eachToBits(values: ArrayLike<number>, toBits: (value: number) => number): DataOf<'float16'> {
  const bits = hostMemory(() => new Uint16Array(values.length), values.length, 'elements');
  for (let i = 0; i < bits.length; i++) bits[i] = toBits(values[i]!);
  return bits;
}

function eachFromBits(bits: ArrayLike<number>, fromBits: (bits: number) => number): DataOf<'float32'> {
  const values = hostMemory(() => new Float32Array(bits.length), bits.length, 'elements');
  for (let i = 0; i < values.length; i++) values[i] = fromBits(bits[i]!);
  return values;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
