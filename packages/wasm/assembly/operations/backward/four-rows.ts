// dx = dy w r - x m along contiguous float32 rows, where m is the middle factor (gradient.ts), and their contributions to the sums for
// dgamma and dbeta: four rows at once, or one.

import { call } from '../../call';
import { has } from '../../elements/generic';
import { addToSums } from '../../rows/sum';
import { toBetaSums } from './gradient';

/**
 * Four rows, `pitch` bytes apart. r of each is at `factors`, a multiple of 16, its middle factor 16 bytes later. They are done one cache
 * line of each in turn, as rows at a distance of a power of two compete for the same places in a first-level cache.
 * It is long, as the four vectors of a line are written out: only named variables stay in registers.
 */
export function fourRows<Beta>(x: usize, d: usize, dx: usize, pitch: usize, factors: usize, w: usize, to: usize, count: u32): void {
  const beta = toBetaSums();
  const back = 4 * pitch - 64;
  for (const end = w + (<usize>(count & ~15) << 2); w < end; w += 64, to += 128) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    const w2 = v128.load(w, 32);
    const w3 = v128.load(w, 48);
    let t0 = i64x2.splat(0);
    let t1 = i64x2.splat(0);
    let t2 = i64x2.splat(0);
    let t3 = i64x2.splat(0);
    let b0 = i64x2.splat(0);
    let b1 = i64x2.splat(0);
    let b2 = i64x2.splat(0);
    let b3 = i64x2.splat(0);
    do {
      const r = v128.load32_splat(factors);
      const middle = v128.load32_splat(factors, 16);
      const x0 = v128.load(x);
      const d0 = v128.load(d);
      t0 = f32x4.add(t0, f32x4.mul(d0, f32x4.mul(x0, r)));
      if (has<Beta>()) b0 = f32x4.add(b0, d0);
      v128.store(dx, f32x4.sub(f32x4.mul(f32x4.mul(d0, w0), r), f32x4.mul(x0, middle)));
      const x1 = v128.load(x, 16);
      const d1 = v128.load(d, 16);
      t1 = f32x4.add(t1, f32x4.mul(d1, f32x4.mul(x1, r)));
      if (has<Beta>()) b1 = f32x4.add(b1, d1);
      v128.store(dx, f32x4.sub(f32x4.mul(f32x4.mul(d1, w1), r), f32x4.mul(x1, middle)), 16);
      const x2 = v128.load(x, 32);
      const d2 = v128.load(d, 32);
      t2 = f32x4.add(t2, f32x4.mul(d2, f32x4.mul(x2, r)));
      if (has<Beta>()) b2 = f32x4.add(b2, d2);
      v128.store(dx, f32x4.sub(f32x4.mul(f32x4.mul(d2, w2), r), f32x4.mul(x2, middle)), 32);
      const x3 = v128.load(x, 48);
      const d3 = v128.load(d, 48);
      t3 = f32x4.add(t3, f32x4.mul(d3, f32x4.mul(x3, r)));
      if (has<Beta>()) b3 = f32x4.add(b3, d3);
      v128.store(dx, f32x4.sub(f32x4.mul(f32x4.mul(d3, w3), r), f32x4.mul(x3, middle)), 48);
      x += pitch;
      d += pitch;
      dx += pitch;
      factors += 4;
    } while (factors & 15);
    factors -= 16;
    x -= back;
    d -= back;
    dx -= back;
    addToSums(to, t0);
    addToSums(to + 32, t1);
    addToSums(to + 64, t2);
    addToSums(to + 96, t3);
    if (has<Beta>()) {
      addToSums(to + beta, b0);
      addToSums(to + beta + 32, b1);
      addToSums(to + beta + 64, b2);
      addToSums(to + beta + 96, b3);
    }
  }
  const rest = count & 15;
  if (rest) {
    for (let j = factors; j < factors + 16; j += 4, x += pitch, d += pitch, dx += pitch) oneRow(x, d, dx, j, w, to, rest);
  }
}

/** One row. r is at `factor`, its middle factor 16 bytes later. */
export function oneRow(x: usize, d: usize, dx: usize, factor: usize, w: usize, to: usize, count: u32): void {
  const r = v128.load32_splat(factor);
  const middle = v128.load32_splat(factor, 16);
  const beta = toBetaSums();
  for (const end = w + (<usize>(count & ~3) << 2); w < end; w += 16, to += 32, x += 16, d += 16, dx += 16) {
    const v = v128.load(x);
    const dy = v128.load(d);
    addToSums(to, f32x4.mul(dy, f32x4.mul(v, r)));
    if (call.dbeta) addToSums(to + beta, dy);
    v128.store(dx, f32x4.sub(f32x4.mul(f32x4.mul(dy, v128.load(w)), r), f32x4.mul(v, middle)));
  }
  if (count & 3) restOfRow(x, d, dx, factor, w, to, count & 3);
}

/** The last 1 to 3 elements. */
function restOfRow(x: usize, d: usize, dx: usize, factor: usize, w: usize, to: usize, count: u32): void {
  const r = load<f32>(factor);
  const middle = load<f32>(factor, 16);
  const beta = toBetaSums();
  for (; count > 0; count--, x += 4, d += 4, dx += 4, w += 4, to += 8) {
    const v = load<f32>(x);
    const dy = load<f32>(d);
    store<f64>(to, load<f64>(to) + <f64>(dy * (v * r)));
    if (call.dbeta) store<f64>(to + beta, load<f64>(to + beta) + <f64>dy);
    store<f32>(dx, dy * load<f32>(w) * r - v * middle);
  }
}
