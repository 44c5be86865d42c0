// y = x * r * w (+ b) along a contiguous float32 row.

import { FACTORS, splat } from './cells';
import { has, Without } from './dtype';
import { scratch } from './problem';
import { finishSum, promoteHigh, sumOfSquares } from './sum';

// @ts-ignore: decorator
@inline
function scaled<Beta>(v: v128, r: v128, w: v128, b: usize): v128 {
  const t = f32x4.mul(f32x4.mul(v, r), w);
  return has<Beta>() ? f32x4.add(t, v128.load(b)) : t;
}

// For one row, one pointer moves and the others are kept as distances from it: V8 spends one instruction on each of them,
// where a pointer of its own costs three. Distances wrap around, as addresses do.

export function scaleRow<Beta>(x: usize, w: usize, b: usize, y: usize, count: u32, factor: f32): void {
  const r = splat(factor);
  const toW = w - x;
  const toB = b - x;
  const toY = y - x;
  const end = x + (<usize>count << 2);
  const blocks = x + (<usize>(count & ~31) << 2);
  for (; x < blocks; x += 128) {
    const wx = x + toW;
    const bx = has<Beta>() ? x + toB : 0;
    const yx = x + toY;
    v128.store(yx, scaled<Beta>(v128.load(x), r, v128.load(wx), bx));
    v128.store(yx, scaled<Beta>(v128.load(x, 16), r, v128.load(wx, 16), bx + 16), 16);
    v128.store(yx, scaled<Beta>(v128.load(x, 32), r, v128.load(wx, 32), bx + 32), 32);
    v128.store(yx, scaled<Beta>(v128.load(x, 48), r, v128.load(wx, 48), bx + 48), 48);
    v128.store(yx, scaled<Beta>(v128.load(x, 64), r, v128.load(wx, 64), bx + 64), 64);
    v128.store(yx, scaled<Beta>(v128.load(x, 80), r, v128.load(wx, 80), bx + 80), 80);
    v128.store(yx, scaled<Beta>(v128.load(x, 96), r, v128.load(wx, 96), bx + 96), 96);
    v128.store(yx, scaled<Beta>(v128.load(x, 112), r, v128.load(wx, 112), bx + 112), 112);
  }
  for (; x + 16 <= end; x += 16) v128.store(x + toY, scaled<Beta>(v128.load(x), r, v128.load(x + toW), x + toB));
  for (; x < end; x += 4) {
    let t = load<f32>(x) * factor * load<f32>(x + toW);
    if (has<Beta>()) t += load<f32>(x + toB);
    store<f32>(x + toY, t);
  }
}

/**
 * Scales the row at `x` and sums the first `counted` squares of the row behind it, in one loop: beyond the caches each
 * row is read from memory while the one before it is written. The sum is bit for bit sumSquares'.
 */
export function scaleRowSumNext<Beta>(x: usize, w: usize, b: usize, y: usize, count: u32, factor: f32, counted: u32): f64 {
  const r = splat(factor);
  const bytes = <usize>count << 2;
  const toW = w - x;
  const toB = b - x;
  const toY = y - x;
  const end = x + bytes;
  const pairs = x + (<usize>(counted & ~31) << 2);
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  for (; x < pairs; x += 128) {
    const next = x + bytes;
    const sum0 = sumOfSquares(v128.load(next), v128.load(next, 16), v128.load(next, 32), v128.load(next, 48));
    const sum1 = sumOfSquares(v128.load(next, 64), v128.load(next, 80), v128.load(next, 96), v128.load(next, 112));
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum0));
    high = f64x2.add(high, promoteHigh(sum0));
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum1));
    high = f64x2.add(high, promoteHigh(sum1));
    const wx = x + toW;
    const bx = has<Beta>() ? x + toB : 0;
    const yx = x + toY;
    v128.store(yx, scaled<Beta>(v128.load(x), r, v128.load(wx), bx));
    v128.store(yx, scaled<Beta>(v128.load(x, 16), r, v128.load(wx, 16), bx + 16), 16);
    v128.store(yx, scaled<Beta>(v128.load(x, 32), r, v128.load(wx, 32), bx + 32), 32);
    v128.store(yx, scaled<Beta>(v128.load(x, 48), r, v128.load(wx, 48), bx + 48), 48);
    v128.store(yx, scaled<Beta>(v128.load(x, 64), r, v128.load(wx, 64), bx + 64), 64);
    v128.store(yx, scaled<Beta>(v128.load(x, 80), r, v128.load(wx, 80), bx + 80), 80);
    v128.store(yx, scaled<Beta>(v128.load(x, 96), r, v128.load(wx, 96), bx + 96), 96);
    v128.store(yx, scaled<Beta>(v128.load(x, 112), r, v128.load(wx, 112), bx + 112), 112);
  }
  let next = x + bytes;
  if (x < end) scaleRow<Beta>(x, x + toW, x + toB, x + toY, <u32>(end - x) >> 2, factor);
  if (counted & 16) {
    const sum = sumOfSquares(v128.load(next), v128.load(next, 16), v128.load(next, 32), v128.load(next, 48));
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
    high = f64x2.add(high, promoteHigh(sum));
    next += 64;
  }
  return finishSum(low, high, next, counted & 15);
}

/**
 * The same for two rows at once, the one at `x` and the one behind it, and the two behind those. The factors stand in the
 * cells FACTORS. Both rows have the same weights, which are loaded once; there is no beta. Returns both sums.
 */
export function scaleTwoSumTwo(x: usize, w: usize, y: usize, count: u32, counted: u32): v128 {
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
    v128.store(y, scaled<Without>(v128.load(x), r0, g0, 0));
    v128.store(y1, scaled<Without>(v128.load(x1), r1, g0, 0));
    const g1 = v128.load(w, 16);
    v128.store(y, scaled<Without>(v128.load(x, 16), r0, g1, 0), 16);
    v128.store(y1, scaled<Without>(v128.load(x1, 16), r1, g1, 0), 16);
    const g2 = v128.load(w, 32);
    v128.store(y, scaled<Without>(v128.load(x, 32), r0, g2, 0), 32);
    v128.store(y1, scaled<Without>(v128.load(x1, 32), r1, g2, 0), 32);
    const g3 = v128.load(w, 48);
    v128.store(y, scaled<Without>(v128.load(x, 48), r0, g3, 0), 48);
    v128.store(y1, scaled<Without>(v128.load(x1, 48), r1, g3, 0), 48);
    x += 64;
    w += 64;
    y += 64;
  }
  if (w < end) {
    const rest = <u32>(end - w) >> 2;
    scaleRow<Without>(x, w, 0, y, rest, load<f32>(scratch + FACTORS));
    scaleRow<Without>(x + bytes, w, 0, y + bytes, rest, load<f32>(scratch + FACTORS, 4));
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
