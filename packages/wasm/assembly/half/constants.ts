// Constant vectors. V8 would build one anew wherever it is used; loaded from memory before a loop, it stays in a register.

const CONSTANTS = memory.data<u32>([
  0xffff0000, 0x00010001, 0x7fff7fff, 0x80008000, 0x00002000, 0x20000000, 0x77800000, 0x7f800000, 0x7fffffff, 0x06800000, 0x09800000,
  0x28000000, 0x00080001, 0x8fffe000, 0x38800000, 0x0001c400, 0x00000001, 0x00007fff,
]);

// Of each 16 bits: the odd places, ones, magnitudes, signs.
export const ODD: usize = 0;
export const ONES: usize = 4;
export const MAGNITUDES: usize = 8;
export const SIGNS: usize = 12;
/** For 16-bit lanes: 2^13 where the element is at an even place, or at an odd place, and 0 beside it. */
export const FROM_EVEN: usize = 16;
export const FROM_ODD: usize = 20;
/** 2^112. */
export const REBIAS: usize = 24;
/** Of a float32. */
export const EXPONENT: usize = 28;
export const ABSOLUTE: usize = 32;
/** 2^13 as a factor, added to the exponent. */
export const THIRTEEN: usize = 36;
/** 2^-14, the least normal float16, times 2^-94. */
export const LEAST: usize = 40;
/** 2^-47. */
export const SCALE: usize = 44;
/** For 16-bit lanes: the lower half of 32 bits once, the upper 8 times. */
export const JOIN: usize = 48;
/** A float16 in the upper lane: sign, and the magnitude where float32 has it. */
export const SIGN_AND_MAGNITUDE: usize = 52;
/** 2^-14, the least normal float16. */
export const LEAST_NORMAL: usize = 56;
/** 113 << 10. */
export const BIAS: usize = 60;
/** The last bit of a bfloat16 that was shifted down, and what rounds one up. */
export const LAST_BIT: usize = 64;
export const ALMOST_HALF: usize = 68;

// @ts-ignore: decorator
@inline
export function constant(offset: usize): v128 {
  return v128.load32_splat(CONSTANTS + offset);
}
