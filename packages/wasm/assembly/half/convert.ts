// Conversion of runs between float16 or bfloat16 and float32.
//
// A run is converted by a fast loop, which notices a NaN, an infinity or an overflow. Then a slower loop, which knows these, does the run
// again.

import { call } from '../call';
import { isBFloat16 } from '../elements/generic';
import { copyFew, readable, RESULT } from '../elements/spill';
import {
  ABSOLUTE, ALMOST_HALF, BIAS, constant, EXPONENT, LAST_BIT, LEAST_NORMAL, MAGNITUDES, REBIAS, SIGN_AND_MAGNITUDE, SIGNS, THIRTEEN,
} from './constants';
import { anyFloat16, pack } from './special';

const FLOAT16_OVERFLOW: i32 = 0x477ff000; // 65520, the least that rounds to infinity

/** `count` elements to float32. */
export function toFloat32<T>(from: usize, to: usize, count: u32): void {
  const eights = count & ~7;
  eightsToFloat32<T>(from, to, eights);
  const rest = count & 7;
  if (!rest) return;
  const last = call.scratch + RESULT;
  eightsToFloat32<T>(readable(from + (<usize>eights << 1), rest << 1), last, 8);
  copyFew(last, to + (<usize>eights << 2), rest << 2);
}

function eightsToFloat32<T>(from: usize, to: usize, count: u32): void {
  if (isBFloat16<T>()) {
    bfloat16Eights(from, to, count);
  } else if (!float16Eights(from, to, count)) {
    specialFloat16Eights(from, to, count);
  }
}

function bfloat16Eights(from: usize, to: usize, count: u32): void {
  const zero = i64x2.splat(0);
  for (const end = from + (<usize>count << 1); from < end; from += 16, to += 32) {
    const v = v128.load(from);
    v128.store(to, v128.shuffle<u16>(zero, v, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(to, v128.shuffle<u16>(zero, v, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  }
}

/**
 * Shifted to where float32 has them, the bits of a magnitude are its value times 2^-112, subnormals too. False: met a NaN or an infinity.
 */
function float16Eights(from: usize, to: usize, count: u32): bool {
  const mask = constant(SIGN_AND_MAGNITUDE);
  const rebias = constant(REBIAS);
  const magnitude = constant(MAGNITUDES);
  let largest = i64x2.splat(0);
  for (const end = from + (<usize>count << 1); from < end; from += 16, to += 32) {
    const v = v128.load(from);
    largest = i16x8.max_s(largest, v128.and(v, magnitude));
    const low = v128.and(i32x4.shl(i32x4.extend_low_i16x8_s(v), 13), mask);
    v128.store(to, f32x4.mul(low, rebias));
    const high = v128.and(i32x4.shl(i32x4.extend_high_i16x8_s(v), 13), mask);
    v128.store(to, f32x4.mul(high, rebias), 16);
  }
  return !v128.any_true(i16x8.ge_s(largest, i16x8.splat(0x7c00)));
}

function specialFloat16Eights(from: usize, to: usize, count: u32): void {
  for (const end = from + (<usize>count << 1); from < end; from += 16, to += 32) {
    const v = v128.load(from);
    v128.store(to, anyFloat16(i32x4.extend_low_i16x8_s(v)));
    v128.store(to, anyFloat16(i32x4.extend_high_i16x8_s(v)), 16);
  }
}

/** `count` float32 elements, rounded once to nearest even. */
export function fromFloat32<T>(from: usize, to: usize, count: u32): void {
  const eights = count & ~7;
  eightsFromFloat32<T>(from, to, eights);
  const rest = count & 7;
  if (!rest) return;
  const last = call.scratch + RESULT;
  eightsFromFloat32<T>(readable(from + (<usize>eights << 2), rest << 2), last, 8);
  copyFew(last, to + (<usize>eights << 1), rest << 1);
}

function eightsFromFloat32<T>(from: usize, to: usize, count: u32): void {
  const plain = isBFloat16<T>() ? roundBFloat16(from, to, count) : roundFloat16(from, to, count);
  if (!plain) roundSpecial<T>(from, to, count);
}

// @ts-ignore: decorator
@inline
function nearestBFloat16(v: v128, one: v128, half: v128): v128 {
  return i32x4.shr_u(i32x4.add(i32x4.add(v, half), v128.and(i32x4.shr_u(v, 16), one)), 16);
}

/** False: met a NaN, whose mantissa may have been rounded into the exponent. */
function roundBFloat16(from: usize, to: usize, count: u32): bool {
  const one = constant(LAST_BIT);
  const half = constant(ALMOST_HALF);
  let lows = i64x2.splat(0);
  let highs = i64x2.splat(0);
  for (const end = to + (<usize>count << 1); to < end; from += 32, to += 16) {
    const low = v128.load(from);
    const high = v128.load(from, 16);
    // Once a sum is a NaN, it stays one.
    lows = f32x4.add(lows, low);
    highs = f32x4.add(highs, high);
    v128.store(to, i16x8.narrow_i32x4_u(nearestBFloat16(low, one, half), nearestBFloat16(high, one, half)));
  }
  const both = f32x4.add(lows, highs);
  return !v128.any_true(f32x4.ne(both, both));
}

/** toFloat16 of special.ts for a finite magnitude. */
// @ts-ignore: decorator
@inline
function nearestFloat16(magnitude: v128, exponents: v128, least: v128, thirteen: v128, bias: v128): v128 {
  const exponent = i32x4.max_s(v128.and(magnitude, exponents), least);
  const anchor = i32x4.add(exponent, thirteen);
  const mantissa = i32x4.sub(f32x4.add(magnitude, anchor), anchor);
  return i32x4.add(mantissa, i32x4.sub(i32x4.shr_u(exponent, 13), bias));
}

/** False: met a NaN, or a value that overflows. */
function roundFloat16(from: usize, to: usize, count: u32): bool {
  const absolute = constant(ABSOLUTE);
  const exponents = constant(EXPONENT);
  const least = constant(LEAST_NORMAL);
  const thirteen = constant(THIRTEEN);
  const bias = constant(BIAS);
  const signs = constant(SIGNS);
  let largest = i64x2.splat(0);
  for (const end = to + (<usize>count << 1); to < end; from += 32, to += 16) {
    const low = v128.load(from);
    const high = v128.load(from, 16);
    const a = v128.and(low, absolute);
    const b = v128.and(high, absolute);
    largest = i32x4.max_s(largest, i32x4.max_s(a, b));
    const sign = v128.and(i16x8.narrow_i32x4_s(i32x4.shr_s(low, 16), i32x4.shr_s(high, 16)), signs);
    const rounded = i16x8.narrow_i32x4_s(
      nearestFloat16(a, exponents, least, thirteen, bias),
      nearestFloat16(b, exponents, least, thirteen, bias),
    );
    v128.store(to, v128.or(rounded, sign));
  }
  return !v128.any_true(i32x4.ge_s(largest, i32x4.splat(FLOAT16_OVERFLOW)));
}

function roundSpecial<T>(from: usize, to: usize, count: u32): void {
  for (const end = to + (<usize>count << 1); to < end; from += 32, to += 16) {
    v128.store(to, pack<T>(v128.load(from), v128.load(from, 16)));
  }
}
