// y = x * r * w (+ b) along a contiguous float32 row.

import { splat } from './cells';
import { has } from './dtype';

// @ts-ignore: decorator
@inline
export function scaled<Beta>(v: v128, r: v128, w: v128, b: usize): v128 {
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

/** A float32 row times r, in place: may write up to the next multiple of 4 elements. */
export function multiplyRow(x: usize, count: u32, factor: f32): void {
  const r = splat(factor);
  for (const end = x + (<usize>count << 2); x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), r));
}
