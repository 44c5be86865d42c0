// y = x * r * w (+ b) along a contiguous float32 row.

import { has } from './dtype';
import { finishSum, promoteHigh, sumOfSquares } from './sum';

// @ts-ignore: decorator
@inline
function scaled<Beta>(v: v128, r: v128, w: v128, b: usize): v128 {
  const t = f32x4.mul(f32x4.mul(v, r), w);
  return has<Beta>() ? f32x4.add(t, v128.load(b)) : t;
}

export function scaleRow<Beta>(x: usize, w: usize, b: usize, y: usize, count: u32, factor: f32): void {
  const r = f32x4.splat(factor);
  const end = x + (<usize>count << 2);
  const blocks = x + (<usize>(count & ~15) << 2);
  while (x < blocks) {
    const p = scaled<Beta>(v128.load(x), r, v128.load(w), b);
    const q = scaled<Beta>(v128.load(x, 16), r, v128.load(w, 16), b + 16);
    const s = scaled<Beta>(v128.load(x, 32), r, v128.load(w, 32), b + 32);
    const t = scaled<Beta>(v128.load(x, 48), r, v128.load(w, 48), b + 48);
    v128.store(y, p);
    v128.store(y, q, 16);
    v128.store(y, s, 32);
    v128.store(y, t, 48);
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
  const r = f32x4.splat(factor);
  let next = x + (<usize>count << 2);
  const blocks = x + (<usize>(counted & ~15) << 2);
  const end = next;
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  while (x < blocks) {
    const sum = sumOfSquares(v128.load(next), v128.load(next, 16), v128.load(next, 32), v128.load(next, 48));
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
    high = f64x2.add(high, promoteHigh(sum));
    const p = scaled<Beta>(v128.load(x), r, v128.load(w), b);
    const q = scaled<Beta>(v128.load(x, 16), r, v128.load(w, 16), b + 16);
    const s = scaled<Beta>(v128.load(x, 32), r, v128.load(w, 32), b + 32);
    const t = scaled<Beta>(v128.load(x, 48), r, v128.load(w, 48), b + 48);
    v128.store(y, p);
    v128.store(y, q, 16);
    v128.store(y, s, 32);
    v128.store(y, t, 48);
    x += 64;
    w += 64;
    y += 64;
    next += 64;
    if (has<Beta>()) b += 64;
  }
  if (x < end) scaleRow<Beta>(x, w, b, y, <u32>(end - x) >> 2, factor);
  return finishSum(low, high, next, counted & 15);
}
