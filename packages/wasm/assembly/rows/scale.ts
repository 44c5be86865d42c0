// y = x * r * w (+ b) along a contiguous float32 row.

import { splat } from '../elements/cells';
import { has, With, Without } from '../elements/dtype';
import { beta } from '../problem';
import { weightsOf } from '../weights';

// @ts-ignore: decorator
@inline
function scaled<Beta>(v: v128, r: v128, w: v128, b: usize): v128 {
  const t = f32x4.mul(f32x4.mul(v, r), w);
  return has<Beta>() ? f32x4.add(t, v128.load(b)) : t;
}

/** A cache line. */
// @ts-ignore: decorator
@inline
export function scaleLine<Beta>(x: usize, y: usize, r: v128, w: usize, b: usize): void {
  v128.store(y, scaled<Beta>(v128.load(x), r, v128.load(w), b));
  v128.store(y, scaled<Beta>(v128.load(x, 16), r, v128.load(w, 16), b + 16), 16);
  v128.store(y, scaled<Beta>(v128.load(x, 32), r, v128.load(w, 32), b + 32), 32);
  v128.store(y, scaled<Beta>(v128.load(x, 48), r, v128.load(w, 48), b + 48), 48);
}

/** The elements behind the lines of a row, up to `end`. One pointer moves, the others are kept as distances from it. */
// @ts-ignore: decorator
@inline
export function scaleRest<Beta>(x: usize, end: usize, r: v128, toY: usize, toW: usize, toB: usize): void {
  for (; x + 16 <= end; x += 16) v128.store(x + toY, scaled<Beta>(v128.load(x), r, v128.load(x + toW), x + toB));
  for (; x < end; x += 4) {
    let t = load<f32>(x) * f32x4.extract_lane(r, 0) * load<f32>(x + toW);
    if (has<Beta>()) t += load<f32>(x + toB);
    store<f32>(x + toY, t);
  }
}

// V8 spends one instruction on each distance, where a pointer of its own costs three. Distances wrap around, as addresses do.

export function scaleRow<Beta>(x: usize, w: usize, b: usize, y: usize, count: u32, factor: f32): void {
  const r = splat(factor);
  const toW = w - x;
  const toB = b - x;
  const toY = y - x;
  const end = x + (<usize>count << 2);
  for (const lines = x + (<usize>(count & ~15) << 2); x < lines; x += 64) scaleLine<Beta>(x, x + toY, r, x + toW, x + toB);
  scaleRest<Beta>(x, end, r, toY, toW, toB);
}

/** The same with the weights, and beta, of `count` (at most PIECE) features from `feature` on. */
export function scalePiece(x: usize, feature: u32, y: usize, count: u32, factor: f32): void {
  const w = weightsOf(feature, count);
  if (beta) scaleRow<With>(x, w, beta + (<usize>feature << 2), y, count, factor);
  else scaleRow<Without>(x, w, 0, y, count, factor);
}

/** A float32 row times r, in place: may write up to the next multiple of 4 elements. */
export function multiplyRow(x: usize, count: u32, factor: f32): void {
  const r = splat(factor);
  for (const end = x + (<usize>count << 2); x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), r));
}
