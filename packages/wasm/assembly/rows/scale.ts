// y = x * r * w (+ b) along a contiguous float32 row.

import { call } from '../call';
import { has, With, Without } from '../elements/generic';
import { loadRun, RUN, storeRun } from '../elements/runs';
import { spilled, splat } from '../elements/spill';
import { runOf } from '../scratch';
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

/**
 * y = x * factor * w (+ b) of `rows` rows of `count` elements, whose float32 factors begin at `factors`. Weights and beta of the first of
 * `groups` groups begin at `w` and `b`, those of the next `ofGroup` bytes and a row behind; the first row is of group `group`.
 *
 * V8 spends one instruction on each distance, where a pointer of its own costs three. Distances wrap around, as addresses do.
 */
export function scaleRows<Beta>(
  x: usize, y: usize, factors: usize, rows: u32, count: u32, w: usize, ofGroup: usize, b: usize, group: u32, groups: u32,
): void {
  const bytes = <usize>count << 2;
  const toY = y - x;
  for (const last = factors + (<usize>rows << 2); factors < last; factors += 4) {
    const r = v128.load32_splat(factors);
    const end = x + bytes;
    const toW = w + group * ofGroup - x;
    const toB = has<Beta>() ? b + group * bytes - x : 0;
    for (const lines = x + (<usize>(count & ~15) << 2); x < lines; x += 64) scaleLine<Beta>(x, x + toY, r, x + toW, x + toB);
    scaleRest<Beta>(x, end, r, toY, toW, toB);
    x = end;
    if (++group === groups) group = 0;
  }
}

/** One row, with the weights, and beta, of `count` (at most PIECE) features from `feature` on. */
export function scalePiece(x: usize, feature: u32, y: usize, count: u32, factor: f32): void {
  const w = weightsOf(feature, count);
  const at = spilled(factor);
  if (call.beta) scaleRows<With>(x, y, at, 1, count, w, 0, call.beta + (<usize>feature << 2), 0, 1);
  else scaleRows<Without>(x, y, at, 1, count, w, 0, 0, 0, 1);
}

/** y = x * w along a float32 row. */
export function multiplyBy(x: usize, w: usize, y: usize, count: u32): void {
  scaleRows<Without>(x, y, spilled(1), 1, count, w, 0, 0, 0, 1);
}

/** The same in place, but x * r is rounded to x's dtype before it is multiplied by a weight. Without a factor, rounded x is. */
export function scaleRounded(x: usize, feature: u32, count: u32, factor: f32): void {
  if (factor !== 1) multiply(x, count, factor);
  round(x, count);
  scalePiece(x, feature, x, count, 1);
}

function multiply(x: usize, count: u32, factor: f32): void {
  const r = splat(factor);
  const end = x + (<usize>count << 2);
  for (; x + 16 <= end; x += 16) v128.store(x, f32x4.mul(v128.load(x), r));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * factor);
}

function round(p: usize, count: u32): void {
  const run = runOf();
  while (count > 0) {
    const length = min(count, RUN);
    storeRun(p, run, length);
    loadRun(run, p, length);
    p += <usize>length << 2;
    count -= length;
  }
}
