// backward of rows that stand beside each other (inner > 1): a strip of columns of x and dy is brought into float32
// memory, summed down its columns, and turned into dx there. What a feature gives to dgamma and dbeta is added along
// the columns, in float32 over 16 of them, in float64 beyond.

import { addFloat32 } from './add';
import { sumColumns } from './columns';
import { has, With, Without } from './dtype';
import { dsum, dx, dy, exactGradient, isPlainGradient, needsSquares, r, slope, source, sums, toBetaSums, withBeta } from './gradient';
import { groups, inner, outer, size, statSize } from './problem';
import { loadRun, shift, storeRun } from './runs';
import { promoteHigh } from './sum';
import { PIECE, weightsOf } from './weights';

/** Elements of a strip. */
const STRIP: u32 = 24576;

function widthOf(size: u32, inner: u32): u32 {
  return min(inner, max(16, (STRIP / size) & ~15));
}

function padded(columns: u32): u32 {
  return (columns + 3) & ~3;
}

/** x and dy of a strip, its sums of squares and products in float64, its r and slopes, and a row of dsum. */
export function columnBytes(size: u32, inner: u32): u32 {
  return padded(min(inner, widthOf(size, inner) + 1)) * (size * 8 + 28);
}

export function backwardColumns(own: usize): void {
  const wide = widthOf(size, inner);
  for (let slab: u32 = 0; slab < outer * groups; slab++) {
    for (let column: u32 = 0; column < inner; ) {
      const columns = inner - column <= wide + 1 ? inner - column : wide;
      strip(slab, column, columns, own);
      column += columns;
    }
  }
}

function strip(slab: u32, column: u32, columns: u32, own: usize): void {
  const stride = <usize>padded(columns) << 2;
  const d = own + size * stride;
  const squares = d + size * stride;
  const dots = squares + 2 * stride;
  const factors = dots + 2 * stride;
  const slopes = factors + stride;
  const row = slopes + stride;
  const at = (<usize>slab * size * inner + column) << shift();
  const pitch = <usize>inner << shift();
  const feature = (slab % groups) * size;
  const columnBytes = <usize>columns << 2;
  const rest = stride - columnBytes;

  // A slab that is done at once is one run.
  const whole = columns === inner && !rest;
  if (whole) {
    loadRun(source + at, own, size * columns);
    loadRun(dy + at, d, size * columns);
  } else {
    for (let i: u32 = 0, p = own, q = d, from = at; i < size; i++, p += stride, q += stride, from += pitch) {
      loadRun(source + from, p, columns);
      loadRun(dy + from, q, columns);
      if (rest) {
        memory.fill(p + columnBytes, 0, rest);
        memory.fill(q + columnBytes, 0, rest);
      }
    }
  }
  memory.fill(squares, 0, 6 * stride);
  if (needsSquares()) sumColumns(own, stride, columns, statSize, squares);
  for (let i: u32 = 0; i < size; i += PIECE) {
    const rows = min(size - i, PIECE);
    dotColumns(own + i * stride, d + i * stride, stride, weightsOf(feature + i, rows), rows, dots);
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
      // Zeros for now, which change nothing.
      special++;
      for (let i: u32 = 0, p = narrow; i < size; i++, p += stride) {
        store<f32>(own + p, 0);
        store<f32>(d + p, 0);
      }
      store<f64>(squares + wide, NaN);
    }
  }

  for (let i: u32 = 0, p = own, q = d, from = at; i < size; i++, p += stride, q += stride, from += pitch) {
    const w = weightsOf(feature + i, 1);
    const to = sums + (<usize>(feature + i) << 3);
    if (i === statSize) memory.fill(slopes, 0, stride);
    if (withBeta) gradients<With>(p, q, stride, factors, slopes, w, to);
    else gradients<Without>(p, q, stride, factors, slopes, w, to);
    if (dsum) {
      loadRun(dsum + from, row, columns);
      addFloat32(q, row, q, columns);
    }
  }

  for (let c: u32 = 0; special > 0; c++) {
    if (!isNaN(load<f64>(squares + (<usize>c << 3)))) continue;
    special--;
    exactGradient(slab * inner + column + c, at + (<usize>c << shift()), pitch, feature, d + (<usize>c << 2), stride, true);
  }
  if (whole) storeRun(d, dx + at, size * columns);
  else for (let i: u32 = 0, q = d, to = at; i < size; i++, q += stride, to += pitch) storeRun(q, dx + to, columns);
}

// @ts-ignore: decorator
@inline
function product(x: usize, d: usize, w: v128): v128 {
  return f32x4.mul(f32x4.mul(v128.load(d), w), v128.load(x));
}

/** Adds x * dy * w to the float64 `dots` of whole vectors of columns, four rows in float32 at a time. */
function dotColumns(x: usize, d: usize, stride: usize, w: usize, rows: u32, dots: usize): void {
  for (; rows > 0; ) {
    const four = rows >= 4;
    const w0 = v128.load32_splat(w);
    const zero = i64x2.splat(0);
    const w1 = four ? v128.load32_splat(w, 4) : zero;
    const w2 = four ? v128.load32_splat(w, 8) : zero;
    const w3 = four ? v128.load32_splat(w, 12) : zero;
    let to = dots;
    for (let at: usize = 0; at < stride; at += 16, to += 32) {
      const p = x + at;
      const q = d + at;
      let sum = product(p, q, w0);
      if (four) {
        const p2 = p + 2 * stride;
        const q2 = q + 2 * stride;
        const last = f32x4.add(product(p2, q2, w2), product(p2 + stride, q2 + stride, w3));
        sum = f32x4.add(f32x4.add(sum, product(p + stride, q + stride, w1)), last);
      }
      v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(sum)));
      v128.store(to, f64x2.add(v128.load(to, 16), promoteHigh(sum)), 16);
    }
    const done = four ? 4 : 1;
    x += done * stride;
    d += done * stride;
    w += done << 2;
    rows -= done;
  }
}

/** A row of the strip: dx in place of dy. Whole vectors: beyond the columns all is 0. */
function gradients<Beta>(x: usize, d: usize, bytes: usize, factors: usize, slopes: usize, w: usize, to: usize): void {
  const weight = v128.load32_splat(w);
  const end = d + bytes;
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  let betaLow = i64x2.splat(0);
  let betaHigh = i64x2.splat(0);
  while (d < end) {
    let part = i64x2.splat(0);
    let betaPart = i64x2.splat(0);
    for (const stop = min(end, d + 64); d < stop; x += 16, d += 16, factors += 16, slopes += 16) {
      const v = v128.load(x);
      const g = v128.load(d);
      const factor = v128.load(factors);
      part = f32x4.add(part, f32x4.mul(g, f32x4.mul(v, factor)));
      if (has<Beta>()) betaPart = f32x4.add(betaPart, g);
      v128.store(d, f32x4.sub(f32x4.mul(f32x4.mul(g, weight), factor), f32x4.mul(v, v128.load(slopes))));
    }
    low = f64x2.add(low, f64x2.promote_low_f32x4(part));
    high = f64x2.add(high, promoteHigh(part));
    if (has<Beta>()) {
      betaLow = f64x2.add(betaLow, f64x2.promote_low_f32x4(betaPart));
      betaHigh = f64x2.add(betaHigh, promoteHigh(betaPart));
    }
  }
  addToSum(to, f64x2.add(low, high));
  if (has<Beta>()) addToSum(to + toBetaSums(), f64x2.add(betaLow, betaHigh));
}

function addToSum(to: usize, pair: v128): void {
  store<f64>(to, load<f64>(to) + f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1));
}
