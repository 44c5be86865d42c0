// The ceiling of every kernel: each byte is read once and written once, by SIMD loads and stores. This module is part of
// apps/bench alone. All functions copy `bytes` bytes, a multiple of 16, between blocks that do not overlap.

/** The loop as one would write it: a vector in each step. */
export function plainCopy(to: usize, from: usize, bytes: usize): void {
  for (const end = from + bytes; from < end; from += 16, to += 16) v128.store(to, v128.load(from));
}

/** Four vectors in each step: twice as fast within the first-level cache. */
export function simdCopy(to: usize, from: usize, bytes: usize): void {
  const unrolled = from + (bytes & ~63);
  const end = from + bytes;
  while (from < unrolled) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const c = v128.load(from, 32);
    const d = v128.load(from, 48);
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
    from += 64;
    to += 64;
  }
  while (from < end) {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
  }
}

/** The engine's own copy: the `memory.copy` instruction. */
export function memoryCopy(to: usize, from: usize, bytes: usize): void {
  memory.copy(to, from, bytes);
}
