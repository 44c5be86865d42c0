// dx = dy w r - x m down the columns of a float32 strip, and the contributions of each feature to the sums for dgamma and dbeta.


import { has } from '../../elements/generic';
import { promoteHigh } from '../../rows/sum';
import { toBetaSums } from './gradient';

/** dx of four columns. */
// @ts-ignore: decorator
@inline
function gradient(v: v128, d: v128, weight: v128, factor: v128, middle: v128): v128 {
  return f32x4.sub(f32x4.mul(f32x4.mul(d, weight), factor), f32x4.mul(v, middle));
}

/** Their contributions to dgamma. */
// @ts-ignore: decorator
@inline
function share(v: v128, d: v128, factor: v128): v128 {
  return f32x4.mul(d, f32x4.mul(v, factor));
}

/**
 * `rows` features, `stride` bytes apart, each of `width` bytes: whole vectors, the last of which may end with zeros. There is one weight
 * for each at `w`, and one float64 sum for dgamma at `sums`.
 */
export function columnGradients<Beta>(
  x: usize, d: usize, target: usize, stride: usize, width: usize,
  factors: usize, middles: usize, w: usize, rows: u32, sums: usize,
): void {
  const toD = d - x;
  const toTarget = target - x;
  const toMiddles = middles - factors;
  for (; rows > 0; rows--, x += stride, w += 4, sums += 8) {
    const weight = v128.load32_splat(w);
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    let betaLow = i64x2.splat(0);
    let betaHigh = i64x2.splat(0);
    let p = x;
    let f = factors;
    const end = x + width;
    for (const lines = x + (width & ~63); p < lines; p += 64, f += 64) {
      const q = p + toD;
      const s = f + toMiddles;
      const t = p + toTarget;
      const v0 = v128.load(p);
      const d0 = v128.load(q);
      const f0 = v128.load(f);
      v128.store(t, gradient(v0, d0, weight, f0, v128.load(s)));
      const v1 = v128.load(p, 16);
      const d1 = v128.load(q, 16);
      const f1 = v128.load(f, 16);
      v128.store(t, gradient(v1, d1, weight, f1, v128.load(s, 16)), 16);
      const v2 = v128.load(p, 32);
      const d2 = v128.load(q, 32);
      const f2 = v128.load(f, 32);
      v128.store(t, gradient(v2, d2, weight, f2, v128.load(s, 32)), 32);
      const v3 = v128.load(p, 48);
      const d3 = v128.load(q, 48);
      const f3 = v128.load(f, 48);
      v128.store(t, gradient(v3, d3, weight, f3, v128.load(s, 48)), 48);
      const shares = f32x4.add(f32x4.add(share(v0, d0, f0), share(v1, d1, f1)), f32x4.add(share(v2, d2, f2), share(v3, d3, f3)));
      low = f64x2.add(low, f64x2.promote_low_f32x4(shares));
      high = f64x2.add(high, promoteHigh(shares));
      if (!has<Beta>()) continue;
      const sum = f32x4.add(f32x4.add(d0, d1), f32x4.add(d2, d3));
      betaLow = f64x2.add(betaLow, f64x2.promote_low_f32x4(sum));
      betaHigh = f64x2.add(betaHigh, promoteHigh(sum));
    }
    for (; p < end; p += 16, f += 16) {
      const v = v128.load(p);
      const d = v128.load(p + toD);
      const factor = v128.load(f);
      v128.store(p + toTarget, gradient(v, d, weight, factor, v128.load(f + toMiddles)));
      const shares = share(v, d, factor);
      low = f64x2.add(low, f64x2.promote_low_f32x4(shares));
      high = f64x2.add(high, promoteHigh(shares));
      if (!has<Beta>()) continue;
      betaLow = f64x2.add(betaLow, f64x2.promote_low_f32x4(d));
      betaHigh = f64x2.add(betaHigh, promoteHigh(d));
    }
    addToSum(sums, f64x2.add(low, high));
    if (has<Beta>()) addToSum(sums + toBetaSums(), f64x2.add(betaLow, betaHigh));
  }
}

function addToSum(to: usize, pair: v128): void {
  store<f64>(to, load<f64>(to) + f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1));
}
