// 128 bytes of scratch memory for values that must be in memory for a moment.

import { call } from '../call';

export const SPILL_BYTES: u32 = 128;

const SPLAT: usize = 8;
/** Two vectors: a few last elements and whatever fills the vectors up. */
export const TAIL: usize = 16;
/** Two vectors: results for a few last elements. */
export const RESULT: usize = 64;

/** Stores `value` and returns its address. Valid until the next call. */
// @ts-ignore: decorator
@inline
export function spilled(value: f32): usize {
  store<f32>(call.scratch + SPLAT, value);
  return call.scratch + SPLAT;
}

/** `value` in every lane. Loaded from memory, as V8 keeps a loaded vector in a register but computes f32x4.splat in every iteration. */
// @ts-ignore: decorator
@inline
export function splat(value: f32): v128 {
  return v128.load32_splat(spilled(value));
}

/** The address of a copy of the `bytes` bytes at `p`, at most 31 and even in number, followed by zeros up to 32. */
export function padded(p: usize, bytes: u32): usize {
  const tail = call.scratch + TAIL;
  v128.store(tail, i64x2.splat(0));
  v128.store(tail, i64x2.splat(0), 16);
  copyFew(p, tail, bytes);
  return tail;
}

/** An address where 32 bytes can be read, the first `bytes` of which are those at `p`: `p` itself, unless the memory ends before. */
export function readable(p: usize, bytes: u32): usize {
  return p + 32 <= <usize>memory.size() << 16 ? p : padded(p, bytes);
}

/** Copies at most 31 bytes, an even number, without the cost of starting memory.copy. */
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
