// The ceiling that benchmarks measure against: each input read once, each output written once. Not shipped.

/** `bytes` is a multiple of 64. */
export function simdCopy(to: usize, from: usize, bytes: usize): void {
  const end = from + bytes;
  while (from < end) {
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
}

export function memoryCopy(to: usize, from: usize, bytes: usize): void {
  memory.copy(to, from, bytes);
}
