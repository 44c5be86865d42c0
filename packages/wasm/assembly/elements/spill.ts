// A little scratch memory for values on their way between functions, or into registers.

import { call } from '../call';

export const SPILL_BYTES: u32 = 128;

const SPLAT: usize = 8;
/** Two vectors. */
export const TAIL: usize = 16;
/** Two more. */
export const RESULT: usize = 64;

/** Where `value` is in memory, until the next. */
// @ts-ignore: decorator
@inline
export function spilled(value: f32): usize {
  store<f32>(call.scratch + SPLAT, value);
  return call.scratch + SPLAT;
}

/**
 * `value` in every lane, through memory: V8 would compute f32x4.splat anew in every iteration of a loop, a load it
 * keeps in a register.
 */
// @ts-ignore: decorator
@inline
export function splat(value: f32): v128 {
  return v128.load32_splat(spilled(value));
}

/** Where a copy of the `bytes`, at most 31 and even, from `p` on is, with zeros behind them up to 32. */
export function padded(p: usize, bytes: u32): usize {
  const tail = call.scratch + TAIL;
  v128.store(tail, i64x2.splat(0));
  v128.store(tail, i64x2.splat(0), 16);
  copyFew(p, tail, bytes);
  return tail;
}

/** An address from which 32 bytes can be read: first the `bytes`, at most 31 and even, from `p` on, then anything. */
export function readable(p: usize, bytes: u32): usize {
  return p + 32 <= <usize>memory.size() << 16 ? p : padded(p, bytes);
}

/** memory.copy of at most 31 bytes, an even number: without a call out of the module. */
export function copyFew(from: usize, to: usize, bytes: u32): void {
  if (bytes & 16) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
  }
  if (bytes & 8) {
    store<u64>(to, load<u64>(from));
    from += 8;
    to += 8;
  }
  if (bytes & 4) {
    store<u32>(to, load<u32>(from));
    from += 4;
    to += 4;
  }
  if (bytes & 2) store<u16>(to, load<u16>(from));
}
