// Conversion between float16 or bfloat16 and float32 of any values, four at a time: NaN, infinities and subnormals too.

import { isBFloat16 } from '../elements/generic';

/** 2^112. The 15 bits of a float16's magnitude, shifted to where float32 has them, are the value times 2^-112. */
const REBIAS = reinterpret<f32>((127 + 112) << 23);
const F16_OVERFLOW: i32 = 143 << 23; // bits of 65536
const F16_MIN_NORMAL: i32 = 113 << 23; // bits of 2^-14

/** float16 in sign-extended lanes to float32. */
// @ts-ignore: decorator
@inline
export function anyFloat16(bits: v128): v128 {
  const value = f32x4.mul(v128.and(i32x4.shl(bits, 13), i32x4.splat(0x8fffe000)), f32x4.splat(REBIAS));
  // Results from 65536 on stand for infinity and NaN.
  const special = f32x4.ge(f32x4.abs(value), f32x4.splat(65536));
  return v128.or(value, v128.and(special, i32x4.splat(0x7f800000)));
}

/** To float16, to nearest even, in lanes that `narrow_i32x4_s` keeps. What overflows becomes infinity. */
export function toFloat16(value: v128): v128 {
  const magnitude = i32x4.min_s(v128.and(value, i32x4.splat(0x7fffffff)), i32x4.splat(F16_OVERFLOW));
  // Adding 2^13 times its power of two to a number leaves the rounded mantissa in the low bits of the sum.
  const exponent = i32x4.max_s(v128.and(magnitude, i32x4.splat(0x7f800000)), i32x4.splat(F16_MIN_NORMAL));
  const anchor = i32x4.add(exponent, i32x4.splat(13 << 23));
  const mantissa = i32x4.sub(f32x4.add(magnitude, anchor), anchor);
  const finite = i32x4.add(mantissa, i32x4.sub(i32x4.shr_u(exponent, 13), i32x4.splat(113 << 10)));
  const rounded = v128.bitselect(i32x4.splat(0x7e00), finite, f32x4.ne(value, value));
  return v128.or(rounded, v128.and(i32x4.shr_s(value, 16), i32x4.splat(0xffff8000)));
}

/** To bfloat16, to nearest even, in lanes that `narrow_i32x4_u` keeps. */
export function toBFloat16(value: v128): v128 {
  const odd = v128.and(i32x4.shr_u(value, 16), i32x4.splat(1));
  const rounded = i32x4.add(i32x4.add(value, i32x4.splat(0x7fff)), odd);
  // Rounding could carry a NaN into another number: its upper half is taken as it is, and made quiet.
  const nan = v128.or(value, i32x4.splat(0x00400000));
  return i32x4.shr_u(v128.bitselect(nan, rounded, f32x4.ne(value, value)), 16);
}

/** Two vectors to eight 16-bit elements. */
// @ts-ignore: decorator
@inline
export function pack<T>(a: v128, b: v128): v128 {
  if (isBFloat16<T>()) return i16x8.narrow_i32x4_u(toBFloat16(a), toBFloat16(b));
  return i16x8.narrow_i32x4_s(toFloat16(a), toFloat16(b));
}
