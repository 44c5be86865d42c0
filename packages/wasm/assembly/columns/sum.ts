// Sums of squares down the columns of a float32 strip. A vector holds elements of neighbouring columns.
//
// In every column, wherever it lies, the squares of 4 neighbours are added in float32, everything after that in float64 (accuracy:
// rows/sum.ts).

import { addToSums, promoteHigh, squaresOfFour } from '../rows/sum';

/** Strips of up to so many columns are done in blocks of 16 columns, a cache line, with their sums and factors in registers. */
const NARROW: u32 = 64;

/** Whether a strip is done in such blocks. They must be whole cache lines, or each line would be read twice. */
export function inBlocks(columns: u32): bool {
  return columns <= NARROW && (columns & 15) === 0;
}

/** Adds the squares of `features` features, `stride` bytes apart, to the float64 `sums` of their columns. */
export function sumColumns(from: usize, stride: usize, columns: u32, features: u32, sums: usize): void {
  if (inBlocks(columns) && features >= 4) {
    const fours = features & ~3;
    for (let column: u32 = 0; column < columns; column += 16) {
      sum16Columns(from + (<usize>column << 2), stride, fours, sums + (<usize>column << 3));
    }
    from += fours * stride;
    features -= fours;
  }
  const vectors = columns & ~3;
  const most: u32 = columns < 16 ? features : 8;
  while (features > 0) {
    const height = min(features, most);
    const fours = height & ~3;
    if (height === 8) sumEights(from, stride, vectors, sums);
    else {
      sumFours(from, stride, vectors, fours, sums);
      for (let i = fours; i < height; i++) addSquares(from + i * stride, vectors, sums);
    }
    for (let column = vectors; column < columns; column++) {
      sumColumn(from + (<usize>column << 2), stride, height, sums + (<usize>column << 3));
    }
    from += height * stride;
    features -= height;
  }
}

/** 8 features. `columns` is a multiple of 4. */
function sumEights(p: usize, stride: usize, columns: u32, sums: usize): void {
  const s2 = 2 * stride;
  const s4 = 4 * stride;
  for (const end = p + (<usize>columns << 2); p < end; p += 16, sums += 32) {
    const q = p + s2;
    const r = p + s4;
    const s = q + s4;
    const a = squaresOfFour(v128.load(p), v128.load(p + stride), v128.load(q), v128.load(q + stride));
    const b = squaresOfFour(v128.load(r), v128.load(r + stride), v128.load(s), v128.load(s + stride));
    v128.store(sums, f64x2.add(f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(a)), f64x2.promote_low_f32x4(b)));
    v128.store(sums, f64x2.add(f64x2.add(v128.load(sums, 16), promoteHigh(a)), promoteHigh(b)), 16);
  }
}

/** 16 columns, whose sums stay in registers. `features` is a multiple of 4. */
export function sum16Columns(p: usize, stride: usize, features: u32, sums: usize): void {
  let a0 = v128.load(sums);
  let a1 = v128.load(sums, 16);
  let b0 = v128.load(sums, 32);
  let b1 = v128.load(sums, 48);
  let c0 = v128.load(sums, 64);
  let c1 = v128.load(sums, 80);
  let d0 = v128.load(sums, 96);
  let d1 = v128.load(sums, 112);
  const end = p + features * stride;
  while (p !== end) {
    const q = p + stride;
    const r = q + stride;
    const s = r + stride;
    const a = squaresOfFour(v128.load(p), v128.load(q), v128.load(r), v128.load(s));
    a0 = f64x2.add(a0, f64x2.promote_low_f32x4(a));
    a1 = f64x2.add(a1, promoteHigh(a));
    const b = squaresOfFour(v128.load(p, 16), v128.load(q, 16), v128.load(r, 16), v128.load(s, 16));
    b0 = f64x2.add(b0, f64x2.promote_low_f32x4(b));
    b1 = f64x2.add(b1, promoteHigh(b));
    const c = squaresOfFour(v128.load(p, 32), v128.load(q, 32), v128.load(r, 32), v128.load(s, 32));
    c0 = f64x2.add(c0, f64x2.promote_low_f32x4(c));
    c1 = f64x2.add(c1, promoteHigh(c));
    const d = squaresOfFour(v128.load(p, 48), v128.load(q, 48), v128.load(r, 48), v128.load(s, 48));
    d0 = f64x2.add(d0, f64x2.promote_low_f32x4(d));
    d1 = f64x2.add(d1, promoteHigh(d));
    p = s + stride;
  }
  v128.store(sums, a0);
  v128.store(sums, a1, 16);
  v128.store(sums, b0, 32);
  v128.store(sums, b1, 48);
  v128.store(sums, c0, 64);
  v128.store(sums, c1, 80);
  v128.store(sums, d0, 96);
  v128.store(sums, d1, 112);
}

/** 4 features at a time. `features` and `columns` are multiples of 4. */
function sumFours(from: usize, stride: usize, columns: u32, features: u32, sums: usize): void {
  const vectors = sums + (<usize>columns << 3);
  for (let i: u32 = 0; i < features; i += 4, from += 4 * stride) {
    let p = from;
    for (let to = sums; to < vectors; to += 32, p += 16) {
      const r = p + 2 * stride;
      addToSums(to, squaresOfFour(v128.load(p), v128.load(p + stride), v128.load(r), v128.load(r + stride)));
    }
  }
}

/** One row that is left after all groups of 4. */
function addSquares(p: usize, columns: u32, sums: usize): void {
  const vectors = sums + (<usize>columns << 3);
  for (; sums < vectors; sums += 32, p += 16) {
    const v = v128.load(p);
    addToSums(sums, f32x4.mul(v, v));
  }
}

// @ts-ignore: decorator
@inline
function square(p: usize): f32 {
  const v = load<f32>(p);
  return v * v;
}

/** One column that is left after all vectors: the same operations in the same order. */
function sumColumn(p: usize, stride: usize, features: u32, to: usize): void {
  let sum = load<f64>(to);
  for (; features >= 4; features -= 4, p += 4 * stride) {
    const r = p + 2 * stride;
    sum += <f64>(square(p) + square(p + stride) + (square(r) + square(r + stride)));
  }
  for (; features > 0; features--, p += stride) sum += <f64>square(p);
  store<f64>(to, sum);
}
