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

/** Where the `bytes`, at most 32, from `p` on are copied to, with zeros behind them up to 32. */
export function padded(p: usize, bytes: u32): usize {
  const cell = scratch + TAIL;
  v128.store(cell, i64x2.splat(0));
  v128.store(cell, i64x2.splat(0), 16);
  memory.copy(cell, p, bytes);
  return cell;
}
