// Conversion between finite float16 or bfloat16 and float32 within loops. Eight elements are two vectors: the four at even places and the
// four at odd places. So one or two instructions convert them, and they join again in their order.

/** The even 16-bit lanes of `even` and the odd ones of `odd`. */
// @ts-ignore: decorator
@inline
function blend(even: v128, odd: v128): v128 {
  return v128.shuffle<u16>(even, odd, 0, 9, 2, 11, 4, 13, 6, 15);
}

// @ts-ignore: decorator
@inline
export function evenBFloat16(v: v128): v128 {
  return i32x4.shl(v, 16);
}

/** Rounds to eight bfloat16, to nearest even: up if the lower 16 bits are above a half, or a half and the upper 16 are odd. */
// @ts-ignore: decorator
@inline
export function packBFloat16(even: v128, odd: v128, ones: v128): v128 {
  const upper = blend(i32x4.shr_u(even, 16), odd);
  const lower = blend(even, i32x4.shl(odd, 16));
  const up = i16x8.shr_u(i16x8.sub_sat_u(lower, v128.andnot(ones, upper)), 15);
  return i16x8.add(upper, up);
}

/**
 * Rounds magnitudes, given times 2^-94, to float16; 0x8000 is added to the result. Adding 2^13 times its power of two to a number leaves
 * the rounded mantissa in the lower 16 bits of the sum, and in the upper 16 an eighth of the exponent bits of float16. One dot product
 * joins both.
 */
// @ts-ignore: decorator
@inline
export function raisedFloat16(v: v128, exponent: v128, least: v128, thirteen: v128, join: v128): v128 {
  const anchor = i32x4.add(i32x4.max_s(v128.and(v, exponent), least), thirteen);
  return i32x4.dot_i16x8_s(f32x4.add(v, anchor), join);
}
