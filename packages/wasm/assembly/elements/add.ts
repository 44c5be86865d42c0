/** to = a + b. `to` may be either. */
export function addFloat32(a: usize, b: usize, to: usize, count: u32): void {
  const end = to + (<usize>count << 2);
  for (const blocks = to + (<usize>(count & ~15) << 2); to < blocks; a += 64, b += 64, to += 64) {
    const s0 = f32x4.add(v128.load(a), v128.load(b));
    const s1 = f32x4.add(v128.load(a, 16), v128.load(b, 16));
    const s2 = f32x4.add(v128.load(a, 32), v128.load(b, 32));
    const s3 = f32x4.add(v128.load(a, 48), v128.load(b, 48));
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; to + 16 <= end; a += 16, b += 16, to += 16) v128.store(to, f32x4.add(v128.load(a), v128.load(b)));
  for (; to < end; a += 4, b += 4, to += 4) store<f32>(to, load<f32>(a) + load<f32>(b));
}
