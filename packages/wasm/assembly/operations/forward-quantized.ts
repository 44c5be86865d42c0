// forwardQuantized: what has been normalized stays in float32 memory, and is quantized by the largest of each (outer, inner).
//
// Plain rows of one group without a beta need no y in memory: max |x * w| is found while x is summed, and q is x * w times
// r / step, at most 3 roundings from y / step.

import { splat } from '../elements/cells';
import { FLOAT32 } from '../elements/dtype';
import { normalizeTile } from '../rows/normalize-tile';
import { alpha, beta, endColumn, firstColumn, groups, inner, isPlain, llama, outer, rstdOf, setPart, size, statSize } from '../problem';
import { dtype, loadRun, shift } from '../elements/runs';
import { KEEP, RUN, setStage } from './stages';
import { startStrips, strip, values, width } from '../columns/strips';
import { finishSum, promoteHigh, sumOfSquares } from '../rows/sum';
import { count, first, nextTile, startTiles } from '../rows/tiles';
import { PIECE, weightsOf } from '../weights';

// -127 and 1.5 * 2^23 as float32, and the bits of a magnitude.
const CONSTANTS = memory.data<u32>([0xc2fe0000, 0x4b400000, 0x7fffffff]);

/** @param scale 0 where each (outer, inner) gets its own. @param own float32 memory for a run and a tile, where inner = 1 */
export function forwardQuantized(x: usize, q: usize, scales: usize, scale: f32, own: usize): void {
  setStage(KEEP, x, 0, x, 0);
  if (inner > 1) {
    quantizeStrips(x, q, scales, scale);
    return;
  }
  const inRows = groups === 1 && !beta && !llama && statSize === size && size <= PIECE;
  const tile = own + (<usize>RUN << 2);
  startTiles();
  while (nextTile(groups)) {
    let p = x + (<usize>(first * size) << shift());
    if (dtype !== FLOAT32) {
      loadRun(p, tile, count * size);
      p = tile;
    }
    if (!inRows) {
      quantizeTile(first, count, p, q, scales, scale, own);
      continue;
    }
    for (let row: u32 = 0; row < count; row++) {
      const at = <usize>(first + row);
      row += quantizeRows(p + ((<usize>row * size) << 2), q + at * size, scales + (at << 2), count - row, scale);
      // What is not plain is done alone, so that the bits of other rows do not depend on it.
      if (row < count) quantizeTile(first + row, 1, p + ((<usize>row * size) << 2), q, scales, scale, own);
    }
  }
}

/** `rows` from `row` on, which stand at `p` as float32. */
function quantizeTile(row: u32, rows: u32, p: usize, q: usize, scales: usize, scale: f32, own: usize): void {
  const features = groups * size;
  let from = own + (<usize>RUN << 2);
  normalizeTile(row, rows, p, from, 0, own);
  for (const end = row + rows; row < end; row += groups, from += <usize>features << 2) {
    const step = scale > 0 ? scale : stepOf(largest(from, features));
    store<f32>(scales + (<usize>(row / groups) << 2), step);
    quantizeRun<f32>(from, step, 0, q + <usize>row * size, features);
  }
}

function quantizeStrips(x: usize, q: usize, scales: usize, scale: f32): void {
  setPart(x, 0, 0, outer * groups, 0);
  startStrips();
  const features = groups * size;
  for (let o: u32 = 0; o < outer; o++, scales += <usize>inner << 2, q += <usize>features * inner) {
    for (let column = firstColumn; column < endColumn; column += width) {
      const columns = min(width, endColumn - column);
      for (let g: u32 = 0; g < groups; g++) strip(o * groups + g, column, columns, g * size);
      const steps = scales + (<usize>column << 2);
      if (scale > 0) fill(steps, columns, scale);
      else largestOfColumns(values, features, columns, steps);
      let from = values;
      let to = q + column;
      for (let i: u32 = 0; i < features; i++, from += <usize>columns << 2, to += inner) quantizeRun<v128>(from, 0, steps, to, columns);
    }
  }
}

/** What |x * w| may be at most, and r / step: far from where float32 ends. */
const LEAST: f64 = 7.888609052210118e-31; // 2^-100
const MOST: f64 = 1.2676506002282294e30; // 2^100

/** Does up to `rows` rows, and says how many: those before the first that is not plain. */
function quantizeRows(p: usize, q: usize, scales: usize, rows: u32, scale: f32): u32 {
  const w = weightsOf(0, size);
  const absolute = v128.load32_splat(CONSTANTS, 8);
  const bytes = <usize>size << 2;
  for (let row: u32 = 0; row < rows; row++, scales += 4, p += bytes, q += size) {
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    let top = i64x2.splat(0);
    let at = p;
    let weight = w;
    for (const blocks = p + (<usize>(size & ~15) << 2); at < blocks; at += 64, weight += 64) {
      const a = v128.load(at);
      const b = v128.load(at, 16);
      const c = v128.load(at, 32);
      const d = v128.load(at, 48);
      const sum = sumOfSquares(a, b, c, d);
      low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
      high = f64x2.add(high, promoteHigh(sum));
      const ab = i32x4.max_s(
        v128.and(f32x4.mul(a, v128.load(weight)), absolute),
        v128.and(f32x4.mul(b, v128.load(weight, 16)), absolute),
      );
      const cd = i32x4.max_s(
        v128.and(f32x4.mul(c, v128.load(weight, 32)), absolute),
        v128.and(f32x4.mul(d, v128.load(weight, 48)), absolute),
      );
      top = i32x4.max_s(top, i32x4.max_s(ab, cd));
    }
    const sum = finishSum(low, high, at, size & 15);
    for (let rest = size & 15; rest > 0; rest--, at += 4, weight += 4) {
      top = i32x4.max_s(top, v128.and(f32x4.mul(v128.load32_zero(at), v128.load32_zero(weight)), absolute));
    }
    top = i32x4.max_s(top, v128.shuffle<u64>(top, top, 1, 0));
    const most = <f64>reinterpret<f32>(max(i32x4.extract_lane(top, 0), i32x4.extract_lane(top, 1)));
    const r = alpha * rstdOf(sum);
    const step = scale > 0 ? scale : <f32>(most * abs(r) / 127);
    const factor = r / <f64>step;
    if (!isPlain(sum, r) || !(most >= LEAST && most <= MOST && abs(factor) >= LEAST && abs(factor) <= MOST)) return row;
    store<f32>(scales, step);
    quantizeProducts(p, w, <f32>factor, q, size);
  }
  return rows;
}

/** x * w * factor, rounded half to even, within 127. */
function quantizeProducts(p: usize, w: usize, factor: f32, to: usize, count: u32): void {
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

function stepOf(largest: f32): f32 {
  return largest === 0 ? 1 : largest / 127;
}

function fill(p: usize, count: u32, value: f32): void {
  for (const end = p + (<usize>count << 2); p < end; p += 4) store<f32>(p, value);
}

/** The largest magnitude, by its bits: that of a NaN is larger than any other. */
function largest(p: usize, count: u32): f32 {
  const absolute = v128.load32_splat(CONSTANTS, 8);
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

/** The step of each column. */
function largestOfColumns(p: usize, rows: u32, columns: u32, steps: usize): void {
  const end = steps + (<usize>columns << 2);
  const whole = steps + (<usize>(columns & ~3) << 2);
  const absolute = v128.load32_splat(CONSTANTS, 8);
  fill(steps, columns, 0);
  for (; rows > 0; rows--) {
    let s = steps;
    for (; s < whole; s += 16, p += 16) v128.store(s, i32x4.max_s(v128.load(s), v128.and(v128.load(p), absolute)));
    for (; s < end; s += 4, p += 4) store<f32>(s, max(load<f32>(s), abs(load<f32>(p))));
  }
  for (let s = steps; s < end; s += 4) store<f32>(s, stepOf(load<f32>(s)));
}

/** Half to even, from -127; from 2^22 on anything above 127, which `packed` makes 127. */
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

/** v / step, rounded half to even, within 127; 0 where it is NaN. */
// @ts-ignore: decorator
@inline
function quantized(v: v128, step: v128, least: v128, magic: v128): v128 {
  const t = f32x4.div(v, step);
  return v128.and(rounded(t, least, magic), f32x4.eq(t, t));
}

/** By one `step` for all (S = f32), or by one for each element. */
function quantizeRun<S>(p: usize, step: f32, steps: usize, to: usize, count: u32): void {
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
