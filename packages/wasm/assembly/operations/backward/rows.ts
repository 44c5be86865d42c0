// backward of contiguous rows (inner = 1), four rows of a group at a time, whose contributions to dgamma and dbeta are
// added in float32 before they enter the float64 sums. 16-bit rows are converted in blocks into float32 memory.

import { addFloat32 } from '../../elements/add';
import { splat } from '../../elements/cells';
import { has, With, Without } from '../../elements/dtype';
import { arePlainGradients2, dsum, dx, dy, exactGradient, followFromSums, isPlainGradient, needsSquares, r, slope, source, sums, toBetaSums, withBeta } from './gradient';
import { groups, outer, size, statSize } from '../../problem';
import { loadRun, shift, storeRun } from '../../elements/runs';
import { addToSums, finishSum, promoteHigh, sumOfSquares, sumSquares } from '../../rows/sum';
import { weightsOf } from '../../weights';

/** Elements of a row that are done at a time. */
const BLOCK: u32 = 2048;
const BLOCK_BYTES: usize = 8192;

// Of four rows, in memory for the vectors' sake: r and slope as float32, and the sums of squares and of products.
const FACTORS = memory.data(32);
const SQUARES = memory.data(32);
const DOTS = memory.data(32);

/** Float32 memory for four blocks of x and of dy, and one of dsum. */
export function blockBytes(): u32 {
  return <u32>BLOCK_BYTES * 9;
}

export function backwardRows(own: usize): void {
  const pitch = (<usize>groups * size) << shift();
  for (let o: u32 = 0; o < outer; o += 4) {
    const rows = min(4, outer - o);
    for (let g: u32 = 0; g < groups; g++) {
      const feature = g * size;
      const at = ((<usize>o * groups + g) * size) << shift();
      for (let j: u32 = 0; j < rows; j++) sumRow(at + j * pitch, feature, own + j * BLOCK_BYTES, j << 3);
      let plain: u32 = rows === 4 && followFromSums() ? plainOfFour() : 0;
      if (plain !== 15) plain = plainOf(o * groups + g, at, pitch, rows);
      gradients(at, pitch, rows, plain, feature, own);
      for (let j: u32 = 0; j < rows; j++) {
        const stride: usize = 1 << shift();
        const row = at + j * pitch;
        if (!(plain & (1 << j))) exactGradient((o + j) * groups + g, row, stride, feature, dx + row, stride, false);
      }
    }
  }
}

/** The factors of four rows: 15, or not all are plain. */
function plainOfFour(): u32 {
  for (let two: usize = 0; two < 32; two += 16) {
    if (!arePlainGradients2(v128.load(SQUARES + two), v128.load(DOTS + two), FACTORS + (two >> 1))) return 0;
  }
  return 15;
}

/** The factors of rows one by one: bits say which are plain. */
function plainOf(row: u32, at: usize, pitch: usize, rows: u32): u32 {
  let plain: u32 = 0;
  for (let j: u32 = 0; j < rows; j++, row += groups, at += pitch) {
    if (isPlainGradient(row, load<f64>(SQUARES + (j << 3)), load<f64>(DOTS + (j << 3)), at, 1 << shift())) plain |= 1 << j;
    store<f32>(FACTORS + (j << 2), <f32>r);
    store<f32>(FACTORS + (j << 2), <f32>slope, 16);
  }
  return plain;
}

/** Sums a row, from its last block to the first, which stays in `own` where it was converted; `place` is in bytes, among four. */
function sumRow(at: usize, feature: u32, own: usize, place: u32): void {
  let sum: f64 = 0;
  let dot: f64 = 0;
  for (let i: u32 = ((size - 1) / BLOCK) * BLOCK; ; i -= BLOCK) {
    const length = min(size - i, BLOCK);
    const offset = at + (<usize>i << shift());
    const x = inFloat32(source + offset, own, length);
    const d = inFloat32(dy + offset, own + 4 * BLOCK_BYTES, length);
    const w = weightsOf(feature + i, length);
    if (needsSquares() && i + length <= statSize) {
      sum += sumBoth(x, d, w, length);
      dot += dotBesides;
    } else {
      dot += dotRow(x, d, w, length);
      if (i < statSize && needsSquares()) sum += sumSquares(x, min(length, statSize - i));
    }
    if (i === 0) break;
  }
  store<f64>(SQUARES + place, sum);
  store<f64>(DOTS + place, dot);
}

// @ts-ignore: decorator
@inline
function inFloat32(p: usize, own: usize, length: u32): usize {
  if (shift() === 2) return p;
  loadRun(p, own, length);
  return own;
}

/** dy * w * x of 16 elements, the last four of which are e: at most 3 roundings in float32 after the products'. */
// @ts-ignore: decorator
@inline
function products(a: v128, b: v128, c: v128, e: v128, d: usize, w: usize): v128 {
  const first = f32x4.add(
    f32x4.mul(f32x4.mul(v128.load(d), v128.load(w)), a),
    f32x4.mul(f32x4.mul(v128.load(d, 16), v128.load(w, 16)), b),
  );
  const last = f32x4.add(
    f32x4.mul(f32x4.mul(v128.load(d, 32), v128.load(w, 32)), c),
    f32x4.mul(f32x4.mul(v128.load(d, 48), v128.load(w, 48)), e),
  );
  return f32x4.add(first, last);
}

function finishDot(low: v128, high: v128, x: usize, d: usize, w: usize, rest: u32): f64 {
  const both = f64x2.add(low, high);
  let dot = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; rest > 0; rest--, x += 4, d += 4, w += 4) dot += <f64>(load<f32>(d) * load<f32>(w) * load<f32>(x));
  return dot;
}

/** The sum of x * dy * w. */
function dotRow(x: usize, d: usize, w: usize, count: u32): f64 {
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  for (const end = x + (<usize>(count & ~15) << 2); x < end; x += 64, d += 64, w += 64) {
    const sum = products(v128.load(x), v128.load(x, 16), v128.load(x, 32), v128.load(x, 48), d, w);
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
    high = f64x2.add(high, promoteHigh(sum));
  }
  return finishDot(low, high, x, d, w, count & 15);
}

/** The sum that `sumBoth` found besides. */
let dotBesides: f64 = 0;

/** sumSquares and dotRow at once. */
function sumBoth(x: usize, d: usize, w: usize, count: u32): f64 {
  const toD = d - x;
  const toW = w - x;
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  let dotLow = i64x2.splat(0);
  let dotHigh = i64x2.splat(0);
  for (const end = x + (<usize>(count & ~15) << 2); x < end; x += 64) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    const c = v128.load(x, 32);
    const e = v128.load(x, 48);
    const squares = sumOfSquares(a, b, c, e);
    low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
    high = f64x2.add(high, promoteHigh(squares));
    const sum = products(a, b, c, e, x + toD, x + toW);
    dotLow = f64x2.add(dotLow, f64x2.promote_low_f32x4(sum));
    dotHigh = f64x2.add(dotHigh, promoteHigh(sum));
  }
  dotBesides = finishDot(dotLow, dotHigh, x, x + toD, x + toW, count & 15);
  return finishSum(low, high, x, count & 15);
}

/** dx of the plain ones of the rows, and what they give to the sums. */
function gradients(at: usize, pitch: usize, rows: u32, plain: u32, feature: u32, own: usize): void {
  const many = size > BLOCK;
  for (let i: u32 = 0; i < size; ) {
    // A block ends where the statistic does: from there on there is no slope.
    const blockEnd = min(size, (i / BLOCK + 1) * BLOCK);
    const length = (i < statSize ? min(blockEnd, statSize) : blockEnd) - i;
    if (i === statSize) v128.store(FACTORS, i64x2.splat(0), 16);
    const offset = at + (<usize>i << shift());
    const w = weightsOf(feature + i, length);
    const to = sums + (<usize>(feature + i) << 3);
    const inBlock = own + (<usize>(i & (BLOCK - 1)) << 2);
    if (shift() === 1 && many) {
      for (let j: u32 = 0; j < rows; j++) {
        loadRun(source + offset + j * pitch, inBlock + j * BLOCK_BYTES, length);
        loadRun(dy + offset + j * pitch, inBlock + (4 + j) * BLOCK_BYTES, length);
      }
    }
    const direct = shift() === 2;
    const x = direct ? source + offset : inBlock;
    const d = direct ? dy + offset : inBlock + 4 * BLOCK_BYTES;
    const target = direct ? dx + offset : d;
    const step = direct ? pitch : BLOCK_BYTES;
    if (plain === 15) {
      if (withBeta) fourRows<With>(x, d, target, step, w, to, length);
      else fourRows<Without>(x, d, target, step, w, to, length);
    } else {
      for (let j: u32 = 0; j < rows; j++) {
        if (plain & (1 << j)) oneRow(x + j * step, d + j * step, target + j * step, j, w, to, length);
      }
    }
    for (let j: u32 = 0; j < rows; j++) {
      if (!(plain & (1 << j))) continue;
      const result = target + j * step;
      if (dsum) {
        addFloat32(result, inFloat32(dsum + offset + j * pitch, own + 8 * BLOCK_BYTES, length), result, length);
      }
      if (!direct) storeRun(result, dx + offset + j * pitch, length);
    }
    i += length;
  }
}

/**
 * A cache line of each row at a time: rows whose distance is a power of two share their sets of the first-level cache.
 */
function fourRows<Beta>(x: usize, d: usize, dx: usize, pitch: usize, w: usize, to: usize, count: u32): void {
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
    for (let j = FACTORS; j < FACTORS + 16; j += 4, x += pitch, d += pitch, dx += pitch) {
      const row = v128.load32_splat(j);
      const rowSlope = v128.load32_splat(j, 16);
      const x0 = v128.load(x);
      const d0 = v128.load(d);
      t0 = f32x4.add(t0, f32x4.mul(d0, f32x4.mul(x0, row)));
      if (has<Beta>()) b0 = f32x4.add(b0, d0);
      v128.store(dx, f32x4.sub(f32x4.mul(f32x4.mul(d0, w0), row), f32x4.mul(x0, rowSlope)));
      const x1 = v128.load(x, 16);
      const d1 = v128.load(d, 16);
      t1 = f32x4.add(t1, f32x4.mul(d1, f32x4.mul(x1, row)));
      if (has<Beta>()) b1 = f32x4.add(b1, d1);
      v128.store(dx, f32x4.sub(f32x4.mul(f32x4.mul(d1, w1), row), f32x4.mul(x1, rowSlope)), 16);
      const x2 = v128.load(x, 32);
      const d2 = v128.load(d, 32);
      t2 = f32x4.add(t2, f32x4.mul(d2, f32x4.mul(x2, row)));
      if (has<Beta>()) b2 = f32x4.add(b2, d2);
      v128.store(dx, f32x4.sub(f32x4.mul(f32x4.mul(d2, w2), row), f32x4.mul(x2, rowSlope)), 32);
      const x3 = v128.load(x, 48);
      const d3 = v128.load(d, 48);
      t3 = f32x4.add(t3, f32x4.mul(d3, f32x4.mul(x3, row)));
      if (has<Beta>()) b3 = f32x4.add(b3, d3);
      v128.store(dx, f32x4.sub(f32x4.mul(f32x4.mul(d3, w3), row), f32x4.mul(x3, rowSlope)), 48);
    }
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
    for (let j: u32 = 0; j < 4; j++, x += pitch, d += pitch, dx += pitch) oneRow(x, d, dx, j, w, to, rest);
  }
}

function oneRow(x: usize, d: usize, dx: usize, j: u32, w: usize, to: usize, count: u32): void {
  const row = splat(load<f32>(FACTORS + (j << 2)));
  const rowSlope = v128.load32_splat(FACTORS + (j << 2), 16);
  const beta = toBetaSums();
  for (const end = w + (<usize>(count & ~3) << 2); w < end; w += 16, to += 32, x += 16, d += 16, dx += 16) {
    const v = v128.load(x);
    const g = v128.load(d);
    addToSums(to, f32x4.mul(g, f32x4.mul(v, row)));
    if (withBeta) addToSums(to + beta, g);
    v128.store(dx, f32x4.sub(f32x4.mul(f32x4.mul(g, v128.load(w)), row), f32x4.mul(v, rowSlope)));
  }
  if (count & 3) restOfRow(x, d, dx, j, w, to, count & 3);
}

function restOfRow(x: usize, d: usize, dx: usize, j: u32, w: usize, to: usize, count: u32): void {
  const row = load<f32>(FACTORS + (j << 2));
  const rowSlope = load<f32>(FACTORS + (j << 2), 16);
  const beta = toBetaSums();
  for (; count > 0; count--, x += 4, d += 4, dx += 4, w += 4, to += 8) {
    const v = load<f32>(x);
    const g = load<f32>(d);
    store<f64>(to, load<f64>(to) + <f64>(g * (v * row)));
    if (withBeta) store<f64>(to + beta, load<f64>(to + beta) + <f64>g);
    store<f32>(dx, g * load<f32>(w) * row - v * rowSlope);
  }
}
