// float16 and bfloat16 to float32 and back where nothing is NaN or infinite. Eight elements at a time, as the four at even
// places and the four at odd places: so each is one or two instructions away from float32, and the results join in the
// order that they came in.

/** Even 16-bit lanes of `even`, odd ones of `odd`. */
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

/** Eight bfloat16, to nearest even: up if the lower half is more than a half, or just that and the upper half is odd. */
// @ts-ignore: decorator
@inline
export function packBFloat16(even: v128, odd: v128, ones: v128): v128 {
  const upper = blend(i32x4.shr_u(even, 16), odd);
  const lower = blend(even, i32x4.shl(odd, 16));
  const up = i16x8.shr_u(i16x8.sub_sat_u(lower, v128.andnot(ones, upper)), 15);
  return i16x8.add(upper, up);
}

/**
 * A magnitude times 2^-94 as a float16 plus 0x8000. Adding 2^13 times its power of two leaves the rounded mantissa in the
 * lower half of the sum and the exponent in the upper, where float16 has it 8 times: one product and sum of halves joins
 * them.
 */
// @ts-ignore: decorator
@inline
export function raisedFloat16(v: v128, exponent: v128, least: v128, thirteen: v128, join: v128): v128 {
  const anchor = i32x4.add(i32x4.max_s(v128.and(v, exponent), least), thirteen);
  return i32x4.dot_i16x8_s(f32x4.add(v, anchor), join);
}
