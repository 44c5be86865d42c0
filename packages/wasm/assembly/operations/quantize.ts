// float32 to int8: the largest magnitudes, the steps that follow from them, and rounding half to even within ±127.


import { splat } from '../elements/spill';

/** -127 and 1.5 * 2^23 as float32, and a mask of magnitudes. */
const CONSTANTS = memory.data<u32>([0xc2fe0000, 0x4b400000, 0x7fffffff]);

/** A mask of the magnitudes of four float32. */
// @ts-ignore: decorator
@inline
export function magnitudeBits(): v128 {
  return v128.load32_splat(CONSTANTS, 8);
}

/** q = x * w * factor. */
export function quantizeProducts(p: usize, w: usize, factor: f32, to: usize, count: u32): void {
  const f = splat(factor);
  const least = v128.load32_splat(CONSTANTS);
  const magic = v128.load32_splat(CONSTANTS, 4);
  for (const end = to + (count & ~15); to < end; p += 64, w += 64, to += 16) {
    const a = rounded(f32x4.mul(f32x4.mul(v128.load(p), v128.load(w)), f), least, magic);
    const b = rounded(f32x4.mul(f32x4.mul(v128.load(p, 16), v128.load(w, 16)), f), least, magic);
    const c = rounded(f32x4.mul(f32x4.mul(v128.load(p, 32), v128.load(w, 32)), f), least, magic);
    const d = rounded(f32x4.mul(f32x4.mul(v128.load(p, 48), v128.load(w, 48)), f), least, magic);
    v128.store(to, packed(a, b, c, d));
  }
  for (let rest = count & 15; rest > 0; rest--, p += 4, w += 4, to++) {
    const t = f32x4.mul(f32x4.mul(v128.load32_zero(p), v128.load32_zero(w)), f);
    const v = rounded(t, least, magic);
    v128.store8_lane(to, packed(v, v, v, v), 0);
  }
}

/** The step with which the largest magnitude becomes 127. */
export function stepOf(largest: f32): f32 {
  return largest === 0 ? 1 : largest / 127;
}

/** `count` times `value`. */
export function fill(p: usize, count: u32, value: f32): void {
  for (const end = p + (<usize>count << 2); p < end; p += 4) store<f32>(p, value);
}

/** The largest magnitude. They are compared as integers, so that a NaN is the largest. */
export function largest(p: usize, count: u32): f32 {
  const absolute = magnitudeBits();
  let a = i64x2.splat(0);
  let b = i64x2.splat(0);
  for (const end = p + (<usize>(count & ~7) << 2); p < end; p += 32) {
    a = i32x4.max_s(a, v128.and(v128.load(p), absolute));
    b = i32x4.max_s(b, v128.and(v128.load(p, 16), absolute));
  }
  for (let rest = count & 7; rest > 0; rest--, p += 4) {
    a = i32x4.max_s(a, v128.and(v128.load32_zero(p), absolute));
  }
  a = i32x4.max_s(a, b);
  a = i32x4.max_s(a, v128.shuffle<u64>(a, a, 1, 0));
  return reinterpret<f32>(max(i32x4.extract_lane(a, 0), i32x4.extract_lane(a, 1)));
}

/** Writes the step of each column. */
export function largestOfColumns(p: usize, rows: u32, columns: u32, steps: usize): void {
  const end = steps + (<usize>columns << 2);
  const whole = steps + (<usize>(columns & ~3) << 2);
  const absolute = magnitudeBits();
  fill(steps, columns, 0);
  for (; rows > 0; rows--) {
    let s = steps;
    for (; s < whole; s += 16, p += 16) v128.store(s, i32x4.max_s(v128.load(s), v128.and(v128.load(p), absolute)));
    for (; s < end; s += 4, p += 4) store<f32>(s, max(load<f32>(s), abs(load<f32>(p))));
  }
  for (let s = steps; s < end; s += 4) store<f32>(s, stepOf(load<f32>(s)));
}

/** Rounds half to even, to -127 at least. Above 2^22 the result is wrong but above 127, which is what `packed` makes of it. */
// @ts-ignore: decorator
@inline
function rounded(v: v128, least: v128, magic: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.pmax(v, least), magic), magic);
}

// @ts-ignore: decorator
@inline
function packed(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/** v / step rounded; 0 where it is a NaN. */
// @ts-ignore: decorator
@inline
function quantized(v: v128, step: v128, least: v128, magic: v128): v128 {
  const t = f32x4.div(v, step);
  return v128.and(rounded(t, least, magic), f32x4.eq(t, t));
}

/** q = x / step. S = f32: one `step` for all; else one at `steps` for each element. */
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
