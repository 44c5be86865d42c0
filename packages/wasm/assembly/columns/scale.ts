// y = x * r * w (+ b) down the columns of a float32 strip. A vector holds elements of neighbouring columns.

import { has } from '../elements/generic';
import { inBlocks, sum16Columns } from './sum';

// @ts-ignore: decorator
@inline
function scaled<Beta>(v: v128, r: v128, w: v128, b: v128): v128 {
  const t = f32x4.mul(f32x4.mul(v, r), w);
  return has<Beta>() ? f32x4.add(t, b) : t;
}

/** y = x * factor of its column * w (+ b) of its feature. Features are `stride` bytes apart in x, `toStride` in y, and 4 in w and b. */
export function scaleColumns<Beta>(
  from: usize,
  to: usize,
  stride: usize,
  toStride: usize,
  columns: u32,
  features: u32,
  factors: usize,
  w: usize,
  b: usize,
): void {
  if (!inBlocks(columns)) {
    scaleFeatures<Beta>(from, to, stride, toStride, columns, features, factors, w, b);
    return;
  }
  for (const end = factors + (<usize>columns << 2); factors < end; from += 64, to += 64, factors += 64) {
    scale16Columns<Beta>(from, to, stride, toStride, features, factors, w, b);
  }
}

function scaleFeatures<Beta>(
  from: usize,
  to: usize,
  stride: usize,
  toStride: usize,
  columns: u32,
  features: u32,
  factors: usize,
  w: usize,
  b: usize,
): void {
  const wide = factors + (<usize>(columns & ~15) << 2);
  const vectors = factors + (<usize>(columns & ~3) << 2);
  const last = factors + (<usize>columns << 2);
  for (const end = w + (<usize>features << 2); w < end; w += 4) {
    const weight = v128.load32_splat(w);
    const bias = has<Beta>() ? v128.load32_splat(b) : weight;
    let p = from;
    let q = to;
    let r = factors;
    for (; r < wide; r += 64, p += 64, q += 64) {
      v128.store(q, scaled<Beta>(v128.load(p), v128.load(r), weight, bias));
      v128.store(q, scaled<Beta>(v128.load(p, 16), v128.load(r, 16), weight, bias), 16);
      v128.store(q, scaled<Beta>(v128.load(p, 32), v128.load(r, 32), weight, bias), 32);
      v128.store(q, scaled<Beta>(v128.load(p, 48), v128.load(r, 48), weight, bias), 48);
    }
    for (; r < vectors; r += 16, p += 16, q += 16) {
      v128.store(q, scaled<Beta>(v128.load(p), v128.load(r), weight, bias));
    }
    for (; r < last; r += 4, p += 4, q += 4) {
      const t = load<f32>(p) * load<f32>(r) * load<f32>(w);
      store<f32>(q, has<Beta>() ? t + load<f32>(b) : t);
    }
    from += stride;
    to += toStride;
    if (has<Beta>()) b += 4;
  }
}

function scale16Columns<Beta>(p: usize, q: usize, stride: usize, toStride: usize, features: u32, factors: usize, w: usize, b: usize): void {
  const r0 = v128.load(factors);
  const r1 = v128.load(factors, 16);
  const r2 = v128.load(factors, 32);
  const r3 = v128.load(factors, 48);
  for (const end = w + (<usize>features << 2); w < end; w += 4) {
    const weight = v128.load32_splat(w);
    const bias = has<Beta>() ? v128.load32_splat(b) : weight;
    v128.store(q, scaled<Beta>(v128.load(p), r0, weight, bias));
    v128.store(q, scaled<Beta>(v128.load(p, 16), r1, weight, bias), 16);
    v128.store(q, scaled<Beta>(v128.load(p, 32), r2, weight, bias), 32);
    v128.store(q, scaled<Beta>(v128.load(p, 48), r3, weight, bias), 48);
    p += stride;
    q += toStride;
    if (has<Beta>()) b += 4;
  }
}

/**
 * scaleColumns of the strip at `from` and sumColumns of the one at `next`, in turn for each cache line of 4 features. So reading and writing
 * overlap beyond the caches. `columns` is a multiple of 16, `features` of 4.
 */
export function scaleColumnsSumNext<Beta>(
  from: usize,
  to: usize,
  next: usize,
  stride: usize,
  columns: u32,
  features: u32,
  factors: usize,
  sums: usize,
  w: usize,
  b: usize,
): void {
  for (const last = w + (<usize>features << 2); w < last; w += 16) {
    for (let at: usize = 0, end = <usize>columns << 2; at < end; at += 64) {
      sum16Columns(next + at, stride, 4, sums + 2 * at);
      scale16Columns<Beta>(from + at, to + at, stride, stride, 4, factors + at, w, b);
    }
    from += 4 * stride;
    to += 4 * stride;
    next += 4 * stride;
    if (has<Beta>()) b += 16;
  }
}
