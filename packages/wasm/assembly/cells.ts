// The first bytes of scratch memory: small values on their way between functions, or into registers.

import { scratch } from './problem';

export const CELL_BYTES: u32 = 64;

/** Two float32 factors. */
export const FACTORS: usize = 0;
const SPLAT: usize = 8;
/** Two vectors. */
export const TAIL: usize = 16;

/**
 * `value` in every lane, through memory: V8 would compute f32x4.splat anew in every iteration of a loop, a load it
 * keeps in a register.
 */
// @ts-ignore: decorator
@inline
export function splat(value: f32): v128 {
  store<f32>(scratch + SPLAT, value);
  return v128.load32_splat(scratch + SPLAT);
}
