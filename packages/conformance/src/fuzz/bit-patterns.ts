import type { FloatDType, Guarantee } from '@rmsnorm/core';
import { decode, encode, FORMATS } from '../inputs/formats.ts';
import type { Random } from '../inputs/random.ts';
import type { Bits } from './trial.ts';

/** Which numbers may be drawn. */
export interface Range {
  readonly dtype: FloatDType;
  readonly finite: boolean;
  /** Powers of two that magnitudes are brought to; null for all that the dtype has. */
  readonly exponents: readonly [number, number] | null;
  /** The least magnitude but 0. */
  readonly least: number;
}

/** The range that a backend's promises leave: what it does not promise is not drawn. */
export function promisedRange(dtype: FloatDType, promises: readonly Guarantee[]): Range {
  const { minNormal, fractionBits } = FORMATS[dtype];
  return {
    dtype,
    finite: !promises.includes('nonFinite'),
    exponents: promises.includes('extremes') || dtype === 'float16' ? null : MODERATE,
    // Differences of such numbers are not subnormal either.
    least: promises.includes('subnormals') ? 0 : minNormal * 2 ** fractionBits,
  };
}

/** Squares and products of a few such numbers stay far within float32. */
export const MODERATE: readonly [number, number] = [-18, 18];

/** Draws one number of a row; `i` counts them. */
type DrawNumber = (random: Random, i: number) => number;

/** Kinds of rows. Each is called once for a row: what it draws itself, from `start`, is the same for all numbers of it. */
const ROW_KINDS: readonly ((start: Random, dtype: FloatDType) => DrawNumber)[] = [
  // Ordinary.
  () => (random) => random.normal(),
  // Any patterns: here twice, to be drawn twice as often.
  (_, dtype) => (random) => pattern(dtype, random.bits()),
  (_, dtype) => (random) => pattern(dtype, random.bits()),
  // All patterns of a 16-bit type in turn: an odd step reaches each.
  (start, dtype) => {
    const first = start.bits();
    return (_random, i) => pattern(dtype, Math.imul(first + i, 0x9e3779b1) >>> 0);
  },
  // One magnitude for the row.
  (start, dtype) => {
    const magnitude = Math.abs(pattern(dtype, start.bits()));
    const factor = Number.isFinite(magnitude) ? magnitude : 1;
    return (random) => factor * random.normal();
  },
  // One number for the row, of both signs.
  (start, dtype) => {
    const value = pattern(dtype, start.bits());
    return (random) => (random.bits() & 1 ? value : -value);
  },
  // A zero row but for a few.
  (start, dtype) => {
    const density = start.pick([0, 0, 0.05, 0.5]);
    return (random) => {
      if (random.uniform() < density) return pattern(dtype, random.bits());
      return random.bits() & 1 ? 0 : -0;
    };
  },
  // An ordinary row but for one in eight, any pattern.
  (_, dtype) => (random) => (random.uniform() < 0.125 ? pattern(dtype, random.bits()) : random.normal()),
  // An ordinary row with an infinity or a NaN here and there.
  () => (random) => (random.uniform() < 0.03 ? random.pick([INFINITE, -INFINITE, Number.NaN]) : random.normal()),
  // Around the ends of the range.
  (start, dtype) => {
    const { max, minNormal } = FORMATS[dtype];
    const end = start.pick([max, max / 2, minNormal, minNormal * 4]);
    return (random) => (random.bits() & 1 ? end : -end) * (random.bits() & 3 ? random.uniform() : 1);
  },
  // Subnormals.
  (_, dtype) => (random) => FORMATS[dtype].minNormal * (2 * random.uniform() - 1),
  // Where sums of squares are about to leave float32.
  (start) => {
    const factor = 2 ** start.pick([-75, -63, -50, -49, 60, 62, 63, 64]);
    return (random) => factor * random.normal();
  },
];

const INFINITE = Number.POSITIVE_INFINITY;

/** `count` elements, each row of a kind of its own; `rowOf` says which row an element belongs to. */
export function drawElements(random: Random, range: Range, count: number, rowOf: (flat: number) => number): Bits {
  const { dtype } = range;
  const rows = new Map<number, DrawNumber>();
  const bits = dtype === 'float32' ? new Uint32Array(count) : new Uint16Array(count);
  for (let flat = 0; flat < count; flat++) {
    const row = rowOf(flat);
    const draw = rows.get(row) ?? random.pick(ROW_KINDS)(random, dtype);
    rows.set(row, draw);
    bits[flat] = bitsOf(dtype, broughtInto(range, draw(random, flat)), random);
  }
  return bits;
}

/** gamma or beta: numbers of one kind. */
export function drawWeights(random: Random, range: Range, count: number): Bits {
  return drawElements(random, range, count, () => 0);
}

const word = new Uint32Array(1);
const number = new Float32Array(word.buffer);
const half = new Uint16Array(1);

/** The number whose bits are the upper ones of `random`. */
function pattern(dtype: FloatDType, random: number): number {
  if (dtype === 'float32') {
    word[0] = random;
    return number[0]!;
  }
  half[0] = random >>> 16;
  return decode(half, dtype)[0]!;
}

function bitsOf(dtype: FloatDType, value: number, random: Random): number {
  if (Number.isNaN(value)) return anyNaN(dtype, random.bits());
  if (dtype !== 'float32') return encode([value], dtype)[0]!;
  number[0] = value;
  return word[0]!;
}

/** A NaN of any sign and payload, signalling ones too. */
function anyNaN(dtype: FloatDType, random: number): number {
  const [exponent, fraction] = NAN_BITS[dtype];
  const payload = random & fraction || 1;
  const sign = random & 1 ? (fraction + exponent + 1) >>> 0 : 0;
  return (sign + exponent + payload) >>> 0;
}

const NAN_BITS: Readonly<Record<FloatDType, readonly [exponent: number, fraction: number]>> = {
  float32: [0x7f800000, 0x7fffff],
  float16: [0x7c00, 0x3ff],
  bfloat16: [0x7f80, 0x7f],
};

/** `value`, or a number within the range in its place. */
function broughtInto({ dtype, finite, exponents, least }: Range, value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) > FORMATS[dtype].max) {
    return finite ? Math.sign(value) || 1 : value;
  }
  const magnitude = Math.abs(value);
  if (magnitude === 0) return value;
  if (exponents === null) return magnitude < least ? Math.sign(value) * least : value;
  const [low, high] = exponents;
  const exponent = Math.floor(Math.log2(magnitude));
  if (exponent >= low && exponent < high) return value;
  const span = high - low;
  const moved = low + ((((exponent - low) % span) + span) % span);
  // In two steps: what a subnormal is multiplied by may be beyond float64's largest power.
  const shift = moved - exponent;
  const first = Math.trunc(shift / 2);
  return value * 2 ** first * 2 ** (shift - first);
}
