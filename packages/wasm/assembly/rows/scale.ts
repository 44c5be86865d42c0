// y = x * r * w (+ b) along contiguous float32 rows.

import { call } from '../call';
import { has, With, Without } from '../elements/generic';
import { loadRun, RUN, storeRun } from '../elements/runs';
import { splat } from '../elements/spill';
import { runMemory } from '../scratch';
import { weightsOf } from '../weights';

// @ts-ignore: decorator
@inline
function scaled<Beta>(v: v128, r: v128, w: v128, b: usize): v128 {
  const t = f32x4.mul(f32x4.mul(v, r), w);
  return has<Beta>() ? f32x4.add(t, v128.load(b)) : t;
}

/** 16 elements, a cache line. */
// @ts-ignore: decorator
@inline
export function scaleLine<Beta>(x: usize, y: usize, r: v128, w: usize, b: usize): void {
  v128.store(y, scaled<Beta>(v128.load(x), r, v128.load(w), b));
  v128.store(y, scaled<Beta>(v128.load(x, 16), r, v128.load(w, 16), b + 16), 16);
  v128.store(y, scaled<Beta>(v128.load(x, 32), r, v128.load(w, 32), b + 32), 32);
  v128.store(y, scaled<Beta>(v128.load(x, 48), r, v128.load(w, 48), b + 48), 48);
}

/** The elements after the last whole line of a row, up to `end`. y, w and b are given as distances from x. */
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
 * y = x * factor * w (+ b) for `rows` rows of `count` elements. Their float32 factors begin at `factors`. The first row is of group
 * `group`; `w` and `b` are the addresses for group 0. Without gamma all groups have the same weights.
 *
 * Only the pointer to x moves. y, w and b are kept as distances from it, which may wrap around: V8 spends one instruction on each of
 * them, but three on another moving pointer.
 */
export function scaleRows<Beta>(
  x: usize, y: usize, factors: usize, rows: u32, count: u32, w: usize, b: usize, group: u32,
): void {
  const groups = call.groups;
  const bytes = <usize>count << 2;
  const groupBytes: usize = call.gamma ? bytes : 0;
  const toY = y - x;
  for (const last = factors + (<usize>rows << 2); factors < last; factors += 4) {
    const r = v128.load32_splat(factors);
    const end = x + bytes;
    const toW = w + group * groupBytes - x;
    const toB = has<Beta>() ? b + group * bytes - x : 0;
    for (const lines = x + (<usize>(count & ~15) << 2); x < lines; x += 64) scaleLine<Beta>(x, x + toY, r, x + toW, x + toB);
    scaleRest<Beta>(x, end, r, toY, toW, toB);
    x = end;
    if (++group === groups) group = 0;
  }
}

/** `count` elements of one row, at most PIECE, with the weights and beta from `feature` on. */
export function scalePiece(x: usize, feature: u32, y: usize, count: u32, factor: f32): void {
  const w = weightsOf(feature, count);
  if (call.beta) scaleOne<With>(x, w, call.beta + (<usize>feature << 2), y, count, factor);
  else scaleOne<Without>(x, w, 0, y, count, factor);
}

/** scaleRows of one row, whose weights and beta are at `w` and `b`: for long rows beyond the caches faster than the loop over rows. */
function scaleOne<Beta>(x: usize, w: usize, b: usize, y: usize, count: u32, factor: f32): void {
  const r = splat(factor);
  const toW = w - x;
  const toB = b - x;
  const toY = y - x;
  const end = x + (<usize>count << 2);
  for (const lines = x + (<usize>(count & ~15) << 2); x < lines; x += 64) scaleLine<Beta>(x, x + toY, r, x + toW, x + toB);
  scaleRest<Beta>(x, end, r, toY, toW, toB);
}

/** y = x * w along one row. */
export function multiplyBy(x: usize, w: usize, y: usize, count: u32): void {
  scaleOne<Without>(x, w, 0, y, count, 1);
}

/** scalePiece in place, for 'llama': x * factor is rounded to x's dtype before the weight multiplies it. */
export function scaleRounded(x: usize, feature: u32, count: u32, factor: f32): void {
  if (factor !== 1) multiply(x, count, factor);
  round(x, count);
  scalePiece(x, feature, x, count, 1);
}

/** x = x * factor. */
export function multiply(x: usize, count: u32, factor: f32): void {
  const r = splat(factor);
  const end = x + (<usize>count << 2);
  for (; x + 16 <= end; x += 16) v128.store(x, f32x4.mul(v128.load(x), r));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * factor);
}

/** Rounds float32 elements to x's dtype. */
export function round(p: usize, count: u32): void {
  const run = runMemory();
  while (count > 0) {
    const length = min(count, RUN);
    storeRun(p, run, length);
    loadRun(run, p, length);
    p += <usize>length << 2;
    count -= length;
  }
}
