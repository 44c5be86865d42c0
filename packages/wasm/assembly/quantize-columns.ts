// Steps of int8 and the numbers of steps, of float32 values whose steps are known for each column, or are the same for all.

// -127 and 1.5 * 2^23 as float32, and the bits of a magnitude.
export const CONSTANTS = memory.data<u32>([0xc2fe0000, 0x4b400000, 0x7fffffff]);

export function stepOf(largest: f32): f32 {
  return largest === 0 ? 1 : largest / 127;
}

/** Raises `largest`, one float32 for each column, to the magnitudes of `rows` rows; that of a NaN is larger than any other. */
export function largestOfColumns(p: usize, stride: usize, columns: u32, rows: u32, largest: usize): void {
  const end = largest + (<usize>columns << 2);
  const whole = largest + (<usize>(columns & ~3) << 2);
  const absolute = v128.load32_splat(CONSTANTS, 8);
  for (; rows > 0; rows--, p += stride) {
    let from = p;
    let to = largest;
    for (; to < whole; to += 16, from += 16) v128.store(to, i32x4.max_s(v128.load(to), v128.and(v128.load(from), absolute)));
    for (; to < end; to += 4, from += 4) store<f32>(to, max(load<f32>(to), abs(load<f32>(from))));
  }
}

/** `toStride`: bytes from one row of int8 to the next. */
export function quantizeColumns(p: usize, stride: usize, columns: u32, rows: u32, steps: usize, to: usize, toStride: usize): void {
  for (; rows > 0; rows--, p += stride, to += toStride) quantizeRun<v128>(p, 0, steps, to, columns);
}

/** Half to even, from -127; from 2^22 on anything above 127, which `packed` makes 127. */
// @ts-ignore: decorator
@inline
export function rounded(v: v128, least: v128, magic: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.pmax(v, least), magic), magic);
}

// @ts-ignore: decorator
@inline
export function packed(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/** v / step, rounded half to even, within 127; 0 where it is NaN. */
// @ts-ignore: decorator
@inline
function quantized(v: v128, step: v128, least: v128, magic: v128): v128 {
  const t = f32x4.div(v, step);
  return v128.and(rounded(t, least, magic), f32x4.eq(t, t));
}

/** By one `step` for all (S = f32), or by one for each element. */
export function quantizeRun<S>(p: usize, step: f32, steps: usize, to: usize, count: u32): void {
  const least = v128.load32_splat(CONSTANTS);
  const magic = v128.load32_splat(CONSTANTS, 4);
  const one = f32x4.splat(step);
  for (const end = to + (count & ~15); to < end; p += 64, to += 16) {
    const a = quantized(v128.load(p), isFloat<S>() ? one : v128.load(steps), least, magic);
    const b = quantized(v128.load(p, 16), isFloat<S>() ? one : v128.load(steps, 16), least, magic);
    const c = quantized(v128.load(p, 32), isFloat<S>() ? one : v128.load(steps, 32), least, magic);
    const d = quantized(v128.load(p, 48), isFloat<S>() ? one : v128.load(steps, 48), least, magic);
    v128.store(to, packed(a, b, c, d));
    if (!isFloat<S>()) steps += 64;
  }
  for (let rest = count & 15; rest > 0; rest--, p += 4, to++) {
    const by = isFloat<S>() ? one : v128.load32_splat(steps);
    const v = quantized(v128.load32_splat(p), by, least, magic);
    v128.store8_lane(to, packed(v, v, v, v), 0);
    if (!isFloat<S>()) steps += 4;
  }
}
