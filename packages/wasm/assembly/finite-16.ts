// float16 and bfloat16 to float32 and back where nothing is NaN and no float16 that is read is infinite: fewer instructions
// than in lanes.ts, the same results.
//
// V8 would build a constant vector anew wherever it is used; loaded from memory before a loop, it stays in a register.

const CONSTANTS = memory.data<u32>([
  0x8fffe000, 0x7fffffff, 0x7f800000, 0x38800000, 0x06800000, 0x00080001, 0x0001f401, 0x03ff03ff, 0x80008000, 0x00000001,
  0x00007fff, 0x77800000,
]);
/** Of a float16 whose sign is extended: its sign, and the magnitude where float32 has it. */
export const MASK: usize = 0;
export const ABSOLUTE: usize = 4;
export const EXPONENT: usize = 8;
/** 2^-14, the least normal float16. */
export const LEAST: usize = 12;
/** 2^13 as a factor, added to the exponent. */
export const THIRTEEN: usize = 16;
/** For 16-bit lanes: the lower half of 32 bits once, the upper 8 times. */
export const JOIN: usize = 20;
/** (113 + 13) << 10, less TOP. */
export const BIAS: usize = 24;
/** What 0x7fff is more than infinity, in each half. */
export const TOP: usize = 28;
export const SIGNS: usize = 32;
export const ONE: usize = 36;
export const BELOW_HALF: usize = 40;
/** 2^112. */
export const REBIAS: usize = 44;

// @ts-ignore: decorator
@inline
export function constant(offset: usize): v128 {
  return v128.load32_splat(CONSTANTS + offset);
}

/** The first four of eight bfloat16. */
// @ts-ignore: decorator
@inline
export function lowBFloat16(v: v128): v128 {
  return v128.shuffle<u16>(i64x2.splat(0), v, 0, 8, 1, 9, 2, 10, 3, 11);
}

// @ts-ignore: decorator
@inline
export function highBFloat16(v: v128): v128 {
  return v128.shuffle<u16>(i64x2.splat(0), v, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Eight bfloat16, to nearest even. */
// @ts-ignore: decorator
@inline
export function packBFloat16(a: v128, b: v128, one: v128, belowHalf: v128): v128 {
  return i16x8.narrow_i32x4_u(nearestBFloat16(a, one, belowHalf), nearestBFloat16(b, one, belowHalf));
}

// @ts-ignore: decorator
@inline
function nearestBFloat16(v: v128, one: v128, belowHalf: v128): v128 {
  return i32x4.shr_u(i32x4.add(i32x4.add(v, belowHalf), v128.and(i32x4.shr_u(v, 16), one)), 16);
}

/** Four float16 at `p`, times 2^-112. */
// @ts-ignore: decorator
@inline
export function smallFloat16(p: usize, mask: v128): v128 {
  return v128.and(i32x4.shl(v128.load16x4_s(p), 13), mask);
}

/**
 * The magnitude as a float16, plus 1023. Adding 2^13 times its power of two leaves the rounded mantissa in the lower half
 * of the sum and the exponent in the upper, where float16 has it 8 times: one product and sum of halves joins them.
 */
// @ts-ignore: decorator
@inline
export function raisedFloat16(v: v128, absolute: v128, exponent: v128, least: v128, thirteen: v128, join: v128, bias: v128): v128 {
  const magnitude = v128.and(v, absolute);
  const anchor = i32x4.add(i32x4.max_s(v128.and(magnitude, exponent), least), thirteen);
  return i32x4.sub(i32x4.dot_i16x8_s(f32x4.add(magnitude, anchor), join), bias);
}

/** Eight float16 of `a` and `b`, and their magnitudes from raisedFloat16: what overflows saturates at infinity's 0x7c00 + 1023. */
// @ts-ignore: decorator
@inline
export function packFloat16(a: v128, b: v128, raisedA: v128, raisedB: v128, top: v128, signs: v128): v128 {
  // A negative float is a number that saturates at 0x8000; what is left of a positive one has no sign bit.
  const sign = v128.and(i16x8.narrow_i32x4_s(a, b), signs);
  return v128.or(i16x8.sub(i16x8.narrow_i32x4_s(raisedA, raisedB), top), sign);
}
