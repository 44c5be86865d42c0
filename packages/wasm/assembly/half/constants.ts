// Constant vectors of the 16-bit kernels, by their place in a table. They are loaded before a loop, as V8 keeps a loaded vector in a
// register but builds a constant one anew wherever it is used.

const CONSTANTS = memory.data<u32>([
  0xffff0000, 0x00010001, 0x7fff7fff, 0x80008000, 0x00002000, 0x20000000, 0x77800000, 0x7f800000, 0x7fffffff, 0x06800000, 0x09800000,
  0x28000000, 0x00080001, 0x8fffe000, 0x38800000, 0x0001c400, 0x00000001, 0x00007fff,
]);

// Masks of 16-bit lanes: those at odd places, 1 in each, magnitudes, signs.
export const ODD: usize = 0;
export const ONES: usize = 4;
export const MAGNITUDES: usize = 8;
export const SIGNS: usize = 12;
/** For dot products of 16-bit lanes: 2^13 at even places and 0 at odd ones, or the reverse. */
export const FROM_EVEN: usize = 16;
export const FROM_ODD: usize = 20;
/** 2^112. */
export const REBIAS: usize = 24;
/** Masks of a float32: its exponent, and its magnitude. */
export const EXPONENT: usize = 28;
export const ABSOLUTE: usize = 32;
/** Added to the bits of a float32, multiplies it by 2^13. */
export const THIRTEEN: usize = 36;
/** 2^-14, the least normal float16, times 2^-94. */
export const LEAST: usize = 40;
/** 2^-47. */
export const SCALE: usize = 44;
/** For dot products of 16-bit lanes: the lower half of each 32 bits, plus 8 times the upper half. */
export const JOIN: usize = 48;
/** Mask of a float16 that was sign-extended and shifted to where float32 has its mantissa. */
export const SIGN_AND_MAGNITUDE: usize = 52;
/** 2^-14, the least normal float16. */
export const LEAST_NORMAL: usize = 56;
/** 113 << 10: what the exponents of float32 and float16 differ by, as float16 bits. */
export const BIAS: usize = 60;
/** For rounding to bfloat16: the last bit that stays, and almost half of it. */
export const LAST_BIT: usize = 64;
export const ALMOST_HALF: usize = 68;

// @ts-ignore: decorator
@inline
export function constant(offset: usize): v128 {
  return v128.load32_splat(CONSTANTS + offset);
}
