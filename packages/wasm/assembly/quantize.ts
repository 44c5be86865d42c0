// forwardQuantized: a tile is normalized in float32 memory, then quantized by the largest of each (outer, inner).

import { FLOAT32 } from './dtype';
import { normalizeTile } from './normalize-tile';
import { groups, size } from './problem';
import { dtype } from './runs';
import { column, count, isContiguous, loadTile, nextTile, pitch, RUN, slab, startTiles, tileIn, width } from './tiles';

// 127, -127, 1.5 * 2^23 as float32, and the bits of a magnitude.
const CONSTANTS = memory.data<u32>([0x42fe0000, 0xc2fe0000, 0x4b400000, 0x7fffffff]);

/** @param scale 0 where each (outer, inner) gets its own. @param own memory for two runs and `width` numbers */
export function quantizeTiles(x: usize, q: usize, scales: usize, scale: f32, own: usize, tile: usize): void {
  const features = groups * size;
  const steps = own + (<usize>RUN << 3);
  startTiles(groups);
  while (nextTile()) {
    const direct = dtype === FLOAT32 && isContiguous();
    if (!direct) loadTile(x, tile);
    normalizeTile(direct ? tileIn(x) : tile, tile, 0, own);
    let from = tile;
    for (let s: u32 = 0; s < count; s += groups, from += (<usize>features * width) << 2) {
      const first = (slab + s) / groups;
      const to = q + (<usize>first * features * pitch + column);
      const stepsOut = scales + ((<usize>first * pitch + column) << 2);
      if (width === 1) {
        const step = scale > 0 ? scale : stepOf(largest(from, features));
        store<f32>(stepsOut, step);
        quantizeRun<f32>(from, step, 0, to, features);
      } else {
        if (scale > 0) fill(steps, width, scale);
        else largestOfColumns(from, features, width, steps);
        memory.copy(stepsOut, steps, <usize>width << 2);
        for (let i: u32 = 0; i < features; i++) {
          quantizeRun<v128>(from + ((<usize>i * width) << 2), 0, steps, to + <usize>i * pitch, width);
        }
      }
    }
  }
}

function stepOf(largest: f32): f32 {
  return largest === 0 ? 1 : largest / 127;
}

function fill(p: usize, count: u32, value: f32): void {
  for (const end = p + (<usize>count << 2); p < end; p += 4) store<f32>(p, value);
}

/** The largest magnitude, by its bits: that of a NaN is larger than any other. */
function largest(p: usize, count: u32): f32 {
  const absolute = v128.load32_splat(CONSTANTS, 12);
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

/** The step of each column; writes up to the next multiple of 4. */
function largestOfColumns(p: usize, rows: u32, columns: u32, steps: usize): void {
  const end = steps + (<usize>columns << 2);
  const whole = steps + (<usize>(columns & ~3) << 2);
  const absolute = v128.load32_splat(CONSTANTS, 12);
  fill(steps, columns, 0);
  for (; rows > 0; rows--) {
    let s = steps;
    for (; s < whole; s += 16, p += 16) v128.store(s, i32x4.max_s(v128.load(s), v128.and(v128.load(p), absolute)));
    for (; s < end; s += 4, p += 4) store<f32>(s, max(load<f32>(s), abs(load<f32>(p))));
  }
  for (let s = steps; s < end; s += 4) store<f32>(s, stepOf(load<f32>(s)));
}

/** v / step, rounded half to even, within 127; 0 where it is NaN. */
// @ts-ignore: decorator
@inline
function quantized(v: v128, step: v128, most: v128, least: v128, magic: v128): v128 {
  const t = f32x4.pmax(f32x4.pmin(f32x4.div(v, step), most), least);
  return v128.and(i32x4.sub(f32x4.add(t, magic), magic), f32x4.eq(t, t));
}

/** By one `step` for all (S = f32), or by one for each element. */
function quantizeRun<S>(p: usize, step: f32, steps: usize, to: usize, count: u32): void {
  const most = v128.load32_splat(CONSTANTS);
  const least = v128.load32_splat(CONSTANTS, 4);
  const magic = v128.load32_splat(CONSTANTS, 8);
  const one = f32x4.splat(step);
  for (const end = to + (count & ~15); to < end; p += 64, to += 16) {
    const a = quantized(v128.load(p), isFloat<S>() ? one : v128.load(steps), most, least, magic);
    const b = quantized(v128.load(p, 16), isFloat<S>() ? one : v128.load(steps, 16), most, least, magic);
    const c = quantized(v128.load(p, 32), isFloat<S>() ? one : v128.load(steps, 32), most, least, magic);
    const d = quantized(v128.load(p, 48), isFloat<S>() ? one : v128.load(steps, 48), most, least, magic);
    v128.store(to, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
    if (!isFloat<S>()) steps += 64;
  }
  for (let rest = count & 15; rest > 0; rest--, p += 4, to++) {
    const by = isFloat<S>() ? one : v128.load32_splat(steps);
    v128.store8_lane(to, quantized(v128.load32_splat(p), by, most, least, magic), 0);
    if (!isFloat<S>()) steps += 4;
  }
}
