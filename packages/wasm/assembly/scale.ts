// y = x * r * w (+ b) along a contiguous float32 row.

import { FACTORS, splat } from './cells';
import { has } from './dtype';
import { scratch } from './problem';
import { finishSum, promoteHigh, sumOfSquares } from './sum';

// @ts-ignore: decorator
@inline
function scaled<Beta>(v: v128, r: v128, w: v128, b: usize): v128 {
  const t = f32x4.mul(f32x4.mul(v, r), w);
  return has<Beta>() ? f32x4.add(t, v128.load(b)) : t;
}

export function scaleRow<Beta>(x: usize, w: usize, b: usize, y: usize, count: u32, factor: f32): void {
  const r = splat(factor);
  const end = x + (<usize>count << 2);
  const blocks = x + (<usize>(count & ~15) << 2);
  while (x < blocks) {
    v128.store(y, scaled<Beta>(v128.load(x), r, v128.load(w), b));
    v128.store(y, scaled<Beta>(v128.load(x, 16), r, v128.load(w, 16), b + 16), 16);
    v128.store(y, scaled<Beta>(v128.load(x, 32), r, v128.load(w, 32), b + 32), 32);
    v128.store(y, scaled<Beta>(v128.load(x, 48), r, v128.load(w, 48), b + 48), 48);
    x += 64;
    w += 64;
    y += 64;
    if (has<Beta>()) b += 64;
  }
  while (x + 16 <= end) {
    v128.store(y, scaled<Beta>(v128.load(x), r, v128.load(w), b));
    x += 16;
    w += 16;
    y += 16;
    if (has<Beta>()) b += 16;
  }
  while (x < end) {
    let t = load<f32>(x) * factor * load<f32>(w);
    if (has<Beta>()) t += load<f32>(b);
    store<f32>(y, t);
    x += 4;
    w += 4;
    y += 4;
    if (has<Beta>()) b += 4;
  }
}

/**
 * Scales the row at `x` and sums the first `counted` squares of the row behind it, in one loop: beyond the caches each
 * row is read from memory while the one before it is written. The sum is bit for bit sumSquares'.
 */
export function scaleRowSumNext<Beta>(x: usize, w: usize, b: usize, y: usize, count: u32, factor: f32, counted: u32): f64 {
  const r = splat(factor);
  let next = x + (<usize>count << 2);
  const blocks = x + (<usize>(counted & ~15) << 2);
  const end = next;
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  while (x < blocks) {
    const sum = sumOfSquares(v128.load(next), v128.load(next, 16), v128.load(next, 32), v128.load(next, 48));
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
    high = f64x2.add(high, promoteHigh(sum));
    v128.store(y, scaled<Beta>(v128.load(x), r, v128.load(w), b));
    v128.store(y, scaled<Beta>(v128.load(x, 16), r, v128.load(w, 16), b + 16), 16);
    v128.store(y, scaled<Beta>(v128.load(x, 32), r, v128.load(w, 32), b + 32), 32);
    v128.store(y, scaled<Beta>(v128.load(x, 48), r, v128.load(w, 48), b + 48), 48);
    x += 64;
    w += 64;
    y += 64;
    next += 64;
    if (has<Beta>()) b += 64;
  }
  if (x < end) scaleRow<Beta>(x, w, b, y, <u32>(end - x) >> 2, factor);
  return finishSum(low, high, next, counted & 15);
}

/**
 * The same for two rows at once, the one at `x` and the one behind it, and the two behind those: gamma is loaded once
 * for both. The factors stand in the cells FACTORS. Returns both sums.
 */
export function scaleTwoSumTwo<Beta>(x: usize, w: usize, b: usize, y: usize, count: u32, counted: u32): v128 {
  const r0 = v128.load32_splat(scratch + FACTORS);
  const r1 = v128.load32_splat(scratch + FACTORS, 4);
  const bytes = <usize>count << 2;
  const end = w + bytes;
  const blocks = w + (<usize>(counted & ~15) << 2);
  let low0 = i64x2.splat(0);
  let high0 = i64x2.splat(0);
  let low1 = i64x2.splat(0);
  let high1 = i64x2.splat(0);
  while (w < blocks) {
    const next0 = x + 2 * bytes;
    const sum0 = sumOfSquares(v128.load(next0), v128.load(next0, 16), v128.load(next0, 32), v128.load(next0, 48));
    low0 = f64x2.add(low0, f64x2.promote_low_f32x4(sum0));
    high0 = f64x2.add(high0, promoteHigh(sum0));
    const next1 = next0 + bytes;
    const sum1 = sumOfSquares(v128.load(next1), v128.load(next1, 16), v128.load(next1, 32), v128.load(next1, 48));
    low1 = f64x2.add(low1, f64x2.promote_low_f32x4(sum1));
    high1 = f64x2.add(high1, promoteHigh(sum1));
    const x1 = x + bytes;
    const y1 = y + bytes;
    const g0 = v128.load(w);
    v128.store(y, scaled<Beta>(v128.load(x), r0, g0, b));
    v128.store(y1, scaled<Beta>(v128.load(x1), r1, g0, b));
    const g1 = v128.load(w, 16);
    v128.store(y, scaled<Beta>(v128.load(x, 16), r0, g1, b + 16), 16);
    v128.store(y1, scaled<Beta>(v128.load(x1, 16), r1, g1, b + 16), 16);
    const g2 = v128.load(w, 32);
    v128.store(y, scaled<Beta>(v128.load(x, 32), r0, g2, b + 32), 32);
    v128.store(y1, scaled<Beta>(v128.load(x1, 32), r1, g2, b + 32), 32);
    const g3 = v128.load(w, 48);
    v128.store(y, scaled<Beta>(v128.load(x, 48), r0, g3, b + 48), 48);
    v128.store(y1, scaled<Beta>(v128.load(x1, 48), r1, g3, b + 48), 48);
    x += 64;
    w += 64;
    y += 64;
    if (has<Beta>()) b += 64;
  }
  if (w < end) {
    const rest = <u32>(end - w) >> 2;
    scaleRow<Beta>(x, w, b, y, rest, load<f32>(scratch + FACTORS));
    scaleRow<Beta>(x + bytes, w, b, y + bytes, rest, load<f32>(scratch + FACTORS, 4));
  }
  const rest = counted & 15;
  if (rest) {
    const next = x + 2 * bytes;
    return v128.replace_lane<f64>(f64x2.splat(finishSum(low0, high0, next, rest)), 1, finishSum(low1, high1, next + bytes, rest));
  }
  // finishSum for both at once: even lanes plus odd lanes.
  const both0 = f64x2.add(low0, high0);
  const both1 = f64x2.add(low1, high1);
  return f64x2.add(v128.shuffle<u64>(both0, both1, 0, 2), v128.shuffle<u64>(both0, both1, 1, 3));
}

/** A float32 row times r, in place: may write up to the next multiple of 4 elements. */
export function multiplyRow(x: usize, count: u32, factor: f32): void {
  const r = splat(factor);
  for (const end = x + (<usize>count << 2); x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), r));
}
