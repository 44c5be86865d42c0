// backward of rows that stand beside each other (inner > 1): a strip of columns of x and dy is brought into float32
// memory, summed down its columns, and turned into dx there. What a feature gives to dgamma and dbeta is added along
// the columns, in float32 over 16 of them, in float64 beyond.

import { addFloat32 } from '../../elements/add';
import { sumColumns } from '../../columns/columns';
import { FLOAT32, has, With, Without } from '../../elements/dtype';
import { dsum, dx, dy, exactGradient, isPlainGradient, needsSquares, r, slope, source, sums, toBetaSums, withBeta } from './gradient';
import { groups, inner, outer, size, statSize } from '../../problem';
import { dtype, loadRun, shift, storeRun } from '../../elements/runs';
import { addToSums, promoteHigh, sumOfSquares } from '../../rows/sum';
import { PIECE, weightsOf } from '../../weights';

/** Elements of a strip that is brought into memory of its own: 512 KB each of x and dy. Wide strips are read by longer runs. */
const STRIP: u32 = 1 << 17;
/** Most columns of a float32 strip that is read where it is. */
const DIRECT: u32 = 1024;

function widthOf(size: u32, inner: u32): u32 {
  return min(inner, max(16, (STRIP / size) & ~15));
}

function padded(columns: u32): u32 {
  return (columns + 3) & ~3;
}

/** x and dy of a strip, its sums of squares and products in float64, its r and slopes, and a row of dsum. */
export function columnBytes(size: u32, inner: u32): u32 {
  return padded(min(inner, widthOf(size, inner) + 1)) * (size * 8 + 28) + min(inner, DIRECT) * 28;
}

export function backwardColumns(own: usize): void {
  const direct: u32 = dtype === FLOAT32 ? DIRECT : 0;
  for (let slab: u32 = 0; slab < outer * groups; slab++) {
    for (let column: u32 = 0; column < inner; ) {
      const columns = min(inner - column, direct) & ~3;
      if (columns && strip(slab, column, columns, own, true)) column += columns;
      else column = stripsUpTo(slab, column, columns ? column + columns : inner, own);
    }
  }
}

/** The strips that are brought into memory of their own, from `column` up to `end`, which is returned. */
function stripsUpTo(slab: u32, column: u32, end: u32, own: usize): u32 {
  const wide = widthOf(size, inner);
  while (column < end) {
    const columns = end - column <= wide + 1 ? end - column : wide;
    strip(slab, column, columns, own, false);
    column += columns;
  }
  return end;
}

/** `direct`: reads x and dy, float32, where they are, and writes dx there; false where a column is not plain: nothing is done. */
function strip(slab: u32, column: u32, columns: u32, own: usize, direct: bool): bool {
  const width = <usize>padded(columns) << 2;
  const pitch = <usize>inner << shift();
  const at = (<usize>slab * size * inner + column) << shift();
  let x = own;
  let d = own + size * width;
  let target = d;
  let stride = width;
  let squares = d + size * width;
  if (direct) {
    x = source + at;
    d = dy + at;
    target = dx + at;
    stride = pitch;
    squares = own;
  }
  const dots = squares + 2 * width;
  const factors = dots + 2 * width;
  const slopes = factors + width;
  const row = slopes + width;
  const feature = (slab % groups) * size;

  // A slab that is done at once is one run.
  const whole = columns === inner && width === <usize>columns << 2;
  if (!direct) {
    if (whole) {
      loadRun(source + at, x, size * columns);
      loadRun(dy + at, d, size * columns);
    } else {
      for (let i: u32 = 0, p = x, q = d, from = at; i < size; i++, p += stride, q += stride, from += pitch) {
        v128.store(p + width - 16, i64x2.splat(0));
        v128.store(q + width - 16, i64x2.splat(0));
        loadRun(source + from, p, columns);
        loadRun(dy + from, q, columns);
      }
    }
  }
  memory.fill(squares, 0, 6 * width);
  // A few rows at a time, so that x is still in the cache when it is multiplied by dy.
  const height: u32 = direct && columns > 64 ? 4 : PIECE;
  for (let i: u32 = 0, p = x, q = d; i < size; i += height, p += height * stride, q += height * stride) {
    const rows = min(size - i, height);
    if (height === 4 && i + 4 <= statSize && needsSquares()) {
      sumBoth(p, q, stride, width, weightsOf(feature + i, 4), squares, dots);
      continue;
    }
    if (i < statSize && needsSquares()) sumColumns(p, stride, columns, min(rows, statSize - i), squares);
    dotColumns(p, q, stride, width, weightsOf(feature + i, rows), rows, dots);
  }

  let special = 0;
  for (let c: u32 = 0; c < columns; c++) {
    const wide = <usize>c << 3;
    const narrow = <usize>c << 2;
    const index = slab * inner + column + c;
    if (isPlainGradient(index, load<f64>(squares + wide), load<f64>(dots + wide), at + (<usize>c << shift()), pitch)) {
      store<f32>(factors + narrow, <f32>r);
      store<f32>(slopes + narrow, <f32>slope);
    } else {
      if (direct) return false;
      // Zeros for now, which change nothing.
      special++;
      for (let i: u32 = 0, p = narrow; i < size; i++, p += stride) {
        store<f32>(x + p, 0);
        store<f32>(d + p, 0);
      }
      store<f64>(squares + wide, NaN);
    }
  }

  for (let i: u32 = 0; i < size; ) {
    // A part ends where the statistic does: from there on there is no slope.
    if (i === statSize) memory.fill(slopes, 0, width);
    const rows = min((i < statSize ? statSize : size) - i, PIECE);
    const from = i * stride;
    const w = weightsOf(feature + i, rows);
    const total = sums + (<usize>(feature + i) << 3);
    if (withBeta) gradients<With>(x + from, d + from, target + from, stride, width, factors, slopes, w, rows, total);
    else gradients<Without>(x + from, d + from, target + from, stride, width, factors, slopes, w, rows, total);
    i += rows;
  }
  if (dsum) {
    for (let i: u32 = 0, to = target, from = dsum + at; i < size; i++, to += stride, from += pitch) {
      if (!direct) loadRun(from, row, columns);
      addFloat32(to, direct ? from : row, to, columns);
    }
  }

  for (let c: u32 = 0; special > 0; c++) {
    if (!isNaN(load<f64>(squares + (<usize>c << 3)))) continue;
    special--;
    exactGradient(slab * inner + column + c, at + (<usize>c << shift()), pitch, feature, d + (<usize>c << 2), stride, true);
  }
  if (direct) return true;
  if (whole) storeRun(d, dx + at, size * columns);
  else for (let i: u32 = 0, q = d, to = at; i < size; i++, q += stride, to += pitch) storeRun(q, dx + to, columns);
  return true;
}

// @ts-ignore: decorator
@inline
function product(x: usize, d: usize, w: v128): v128 {
  return f32x4.mul(f32x4.mul(v128.load(d), w), v128.load(x));
}

/** Adds x * dy * w to the float64 `dots` of `width` bytes of columns, four rows in float32 at a time. */
function dotColumns(x: usize, d: usize, stride: usize, width: usize, w: usize, rows: u32, dots: usize): void {
  const toD = d - x;
  for (; rows >= 4; rows -= 4, x += 4 * stride, w += 16) {
    const w0 = v128.load32_splat(w);
    const w1 = v128.load32_splat(w, 4);
    const w2 = v128.load32_splat(w, 8);
    const w3 = v128.load32_splat(w, 12);
    let to = dots;
    for (let p = x, end = x + width; p < end; p += 16, to += 32) {
      const p1 = p + stride;
      const p2 = p1 + stride;
      const p3 = p2 + stride;
      const first = f32x4.add(product(p, p + toD, w0), product(p1, p1 + toD, w1));
      addToSums(to, f32x4.add(first, f32x4.add(product(p2, p2 + toD, w2), product(p3, p3 + toD, w3))));
    }
  }
  for (; rows > 0; rows--, x += stride, w += 4) {
    const weight = v128.load32_splat(w);
    let to = dots;
    for (let p = x, end = x + width; p < end; p += 16, to += 32) addToSums(to, product(p, p + toD, weight));
  }
}

/** Four rows for both sums at once. */
function sumBoth(x: usize, d: usize, stride: usize, width: usize, w: usize, squares: usize, dots: usize): void {
  const w0 = v128.load32_splat(w);
  const w1 = v128.load32_splat(w, 4);
  const w2 = v128.load32_splat(w, 8);
  const w3 = v128.load32_splat(w, 12);
  const toD = d - x;
  const toDots = dots - squares;
  for (const end = x + width; x < end; x += 16, squares += 32) {
    const p1 = x + stride;
    const p2 = p1 + stride;
    const p3 = p2 + stride;
    const v0 = v128.load(x);
    const v1 = v128.load(p1);
    const v2 = v128.load(p2);
    const v3 = v128.load(p3);
    addToSums(squares, sumOfSquares(v0, v1, v2, v3));
    const first = f32x4.add(f32x4.mul(f32x4.mul(v128.load(x + toD), w0), v0), f32x4.mul(f32x4.mul(v128.load(p1 + toD), w1), v1));
    const last = f32x4.add(f32x4.mul(f32x4.mul(v128.load(p2 + toD), w2), v2), f32x4.mul(f32x4.mul(v128.load(p3 + toD), w3), v3));
    addToSums(squares + toDots, f32x4.add(first, last));
  }
}

// @ts-ignore: decorator
@inline
function gradient(v: v128, g: v128, weight: v128, factor: v128, slope: v128): v128 {
  return f32x4.sub(f32x4.mul(f32x4.mul(g, weight), factor), f32x4.mul(v, slope));
}

/** `rows` rows of the strip: dx. Whole vectors: beyond the columns all is 0. */
function gradients<Beta>(
  x: usize,
  d: usize,
  target: usize,
  stride: usize,
  width: usize,
  factors: usize,
  slopes: usize,
  w: usize,
  rows: u32,
  to: usize,
): void {
  const toD = d - x;
  const toTarget = target - x;
  const toSlopes = slopes - factors;
  for (; rows > 0; rows--, x += stride, w += 4, to += 8) {
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
      const s = f + toSlopes;
      const t = p + toTarget;
      const v0 = v128.load(p);
      const g0 = v128.load(q);
      const f0 = v128.load(f);
      v128.store(t, gradient(v0, g0, weight, f0, v128.load(s)));
      const v1 = v128.load(p, 16);
      const g1 = v128.load(q, 16);
      const f1 = v128.load(f, 16);
      v128.store(t, gradient(v1, g1, weight, f1, v128.load(s, 16)), 16);
      const v2 = v128.load(p, 32);
      const g2 = v128.load(q, 32);
      const f2 = v128.load(f, 32);
      v128.store(t, gradient(v2, g2, weight, f2, v128.load(s, 32)), 32);
      const v3 = v128.load(p, 48);
      const g3 = v128.load(q, 48);
      const f3 = v128.load(f, 48);
      v128.store(t, gradient(v3, g3, weight, f3, v128.load(s, 48)), 48);
      const products01 = f32x4.add(f32x4.mul(g0, f32x4.mul(v0, f0)), f32x4.mul(g1, f32x4.mul(v1, f1)));
      const products = f32x4.add(products01, f32x4.add(f32x4.mul(g2, f32x4.mul(v2, f2)), f32x4.mul(g3, f32x4.mul(v3, f3))));
      low = f64x2.add(low, f64x2.promote_low_f32x4(products));
      high = f64x2.add(high, promoteHigh(products));
      if (has<Beta>()) {
        const sum = f32x4.add(f32x4.add(g0, g1), f32x4.add(g2, g3));
        betaLow = f64x2.add(betaLow, f64x2.promote_low_f32x4(sum));
        betaHigh = f64x2.add(betaHigh, promoteHigh(sum));
      }
    }
    for (; p < end; p += 16, f += 16) {
      const v = v128.load(p);
      const g = v128.load(p + toD);
      const factor = v128.load(f);
      v128.store(p + toTarget, gradient(v, g, weight, factor, v128.load(f + toSlopes)));
      const products = f32x4.mul(g, f32x4.mul(v, factor));
      low = f64x2.add(low, f64x2.promote_low_f32x4(products));
      high = f64x2.add(high, promoteHigh(products));
      if (has<Beta>()) {
        betaLow = f64x2.add(betaLow, f64x2.promote_low_f32x4(g));
        betaHigh = f64x2.add(betaHigh, promoteHigh(g));
      }
    }
    addToSum(to, f64x2.add(low, high));
    if (has<Beta>()) addToSum(to + toBetaSums(), f64x2.add(betaLow, betaHigh));
  }
}

function addToSum(to: usize, pair: v128): void {
  store<f64>(to, load<f64>(to) + f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1));
}
