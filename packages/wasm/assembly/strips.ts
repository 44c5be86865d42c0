// Rows that are not contiguous (inner > 1): a slab [size, inner] of neighbouring rows is done in strips of columns, each
// summed and then scaled, narrow enough to stay in a cache between the two. No transposition.
//
// float32 strips are read and written where they are, but for what leaves by another way than being stored. 16-bit ones
// are converted into float32 scratch memory, as many of their rows at a time as fit, once where all fit.

import { CELL_BYTES } from './cells';
import { scaleColumns, sumColumns } from './columns';
import { FLOAT32, With, Without } from './dtype';
import { exactRow } from './exact-row';
import { alpha, beta, endColumn, firstColumn, firstGroup, given, groups, inner, isPlain, llama, rstd, rstdOf, scratch, size, slabs, statSize, weightOffset, x, y } from './problem';
import { dtype, loadRun, shift, storeRun } from './runs';
import { scaleRow } from './scale';
import { ADD, AGAIN, FIRST, isEntered, isLeft, LEAVE, pass, PLAIN, RUN, setOther, stage } from './stages';
import { PIECE, weightBytes, weightsOf } from './weights';

/** Most columns of a strip: their sums stay in the first-level cache. */
const MAX_WIDTH: u32 = 1024;
/** A float32 slab of up to 8 MB is one strip: reading it from end to end saves more than the larger caches cost. */
const WHOLE: u32 = 1 << 21;
const MAX_WHOLE_WIDTH: u32 = 4096;
/** Elements of a 16-bit strip that are converted at a time; 256 KB as float32. */
const CONVERTED: u32 = 65536;

// Memory of the call: float64 sums and float32 factors of a strip's columns, ones, values, a run, and a column.
export let sums: usize = 0;
let factors: usize = 0;
let ones: usize = 0;
let values: usize = 0;
let other: usize = 0;
let ownColumn: usize = 0;
/** Columns of a strip. */
export let width: u32 = 0;
/** Rows of a strip that are done at a time where values are brought into memory, or enter. */
let height: u32 = 0;

function widthOf(dtype: i32, size: u32, inner: u32): u32 {
  if (dtype === FLOAT32) return inner <= MAX_WHOLE_WIDTH && size <= WHOLE / inner ? inner : min(inner, MAX_WIDTH);
  return min(inner, max(64, min(MAX_WIDTH, (CONVERTED / size) & ~15)));
}

/** A multiple of 4, or all. */
function heightOf(dtype: i32, size: u32, width: u32): u32 {
  return min(size, min(PIECE, max(4, ((dtype === FLOAT32 ? RUN : CONVERTED) / width) & ~3)));
}

function padded(columns: u32): u32 {
  return (columns + 3) & ~3;
}

/** What lies behind the cells and the weights. */
export function stripBytes(dtype: i32, size: u32, inner: u32): u32 {
  const width = widthOf(dtype, size, inner);
  return (padded(width) * 4 + padded(width * heightOf(dtype, size, width)) + RUN + size) * 4;
}

export function startStrips(): void {
  width = widthOf(dtype, size, inner);
  height = heightOf(dtype, size, width);
  const columns = <usize>padded(width) << 2;
  sums = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  factors = sums + 2 * columns;
  ones = factors + columns;
  values = ones + columns;
  other = values + (<usize>padded(width * height) << 2);
  ownColumn = other + (<usize>RUN << 2);
  setOther(other);
  // 'llama' rounds x * r, and has no factors left for the multiplication by gamma.
  for (let p = ones; p < values; p += 4) store<f32>(p, 1);
}

export function strips(): void {
  startStrips();
  let group = firstGroup;
  for (let slab: u32 = 0; slab < slabs; slab++) {
    for (let column = firstColumn; column < endColumn; column += width) strip(slab, column, min(width, endColumn - column), group * size);
    if (++group === groups) group = 0;
  }
}

/** Columns of a slab, whose first feature is `feature`. */
export function strip(slab: u32, column: u32, columns: u32, feature: u32): void {
  const at = offsetOf(slab, column);
  if (!given) sumStrip(at, columns);
  // Columns that are not plain are done by themselves, and the ones between them together: in place, none twice.
  let done: u32 = 0;
  for (let c: u32 = 0; c < columns; c++) {
    const row = slab * inner + column + c;
    const sum = given ? <f64>load<f32>(given + (<usize>row << 2)) : load<f64>(sums + (<usize>c << 3));
    let scale = rstdOf(sum);
    const r = alpha * scale;
    store<f32>(factors + (<usize>c << 2), <f32>r);
    if (!isPlain(sum, r)) {
      scaleStrip(at, columns, done, c - done, feature);
      scale = exactColumn(at + (<usize>c << shift()), row, feature);
      done = c + 1;
    }
    if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
  }
  scaleStrip(at, columns, done, columns - done, feature);
}

/** Bytes from the beginning of a tensor. */
export function offsetOf(slab: u32, column: u32): usize {
  return (<usize>(slab * size) * inner + column) << shift();
}

/** Whether the values of a strip stay in memory from the sum on. */
function areKept(): bool {
  return dtype !== FLOAT32 && size <= height && !given;
}

/** Sums the columns of a strip whose values enter. */
export function sumStrip(at: usize, columns: u32): void {
  memory.fill(sums, 0, <usize>columns << 3);
  const direct = dtype === FLOAT32;
  if (direct && !isEntered()) {
    sumColumns(x + at, <usize>inner << 2, columns, statSize, sums);
    return;
  }
  const pitch = <usize>inner << shift();
  const dense = <usize>columns << 2;
  const end = isEntered() ? size : statSize;
  for (let i: u32 = 0; i < end; i += height, at += height * pitch) {
    const rows = min(height, size - i);
    pass(FIRST, at, values, dense, columns, rows);
    if (i < statSize) sumColumns(direct ? x + at : values, direct ? pitch : dense, columns, min(rows, statSize - i), sums);
  }
}

/** Scales `count` columns of a strip from its column `first` on. */
function scaleStrip(at: usize, columns: u32, first: u32, count: u32, feature: u32): void {
  if (count === 0) return;
  const float32 = dtype === FLOAT32;
  const stored = float32 && !isLeft();
  const kept = areKept();
  const pitch = <usize>inner << shift();
  const dense = <usize>(kept ? columns : count) << 2;
  const v = values + (kept ? <usize>first << 2 : 0);
  const f = factors + (<usize>first << 2);
  const high = stored ? PIECE : height;
  at += <usize>first << shift();
  for (let i: u32 = 0; i < size; i += high, at += high * pitch) {
    const rows = min(high, size - i);
    const w = weightsOf(feature + i, rows);
    const b = beta + (<usize>(feature + i) << 2);
    if (stored) {
      scale(x + at, y + at, pitch, pitch, count, rows, f, w, b);
      continue;
    }
    if (float32) {
      scale(x + at, v, pitch, dense, count, rows, f, w, b);
    } else {
      if (!kept) pass(AGAIN, at, v, dense, count, rows);
      if (llama) roundProducts(v, dense, count, rows, f);
      scale(v, v, dense, dense, count, rows, llama ? ones : f, w, b);
    }
    pass(LEAVE, at, v, dense, count, rows);
  }
}

function scale(from: usize, to: usize, stride: usize, toStride: usize, columns: u32, rows: u32, factors: usize, w: usize, b: usize): void {
  if (beta) scaleColumns<With>(from, to, stride, toStride, columns, rows, factors, w, b);
  else scaleColumns<Without>(from, to, stride, toStride, columns, rows, factors, w, b);
}

/** x * r of rows of values, rounded to the dtype. */
function roundProducts(v: usize, stride: usize, columns: u32, rows: u32, factors: usize): void {
  for (; rows > 0; rows--, v += stride) {
    scaleRow<Without>(v, factors, 0, v, columns, 1);
    storeRun(v, other, columns);
    loadRun(other, v, columns);
  }
}

/** A column that is not plain. Returns r / alpha. */
function exactColumn(at: usize, row: u32, feature: u32): f64 {
  const stride = <usize>inner << shift();
  if (stage === PLAIN || stage === ADD) return exactRow(dtype, x + at, y + at, stride, row, feature);
  pass(AGAIN, at, ownColumn, 4, 1, size);
  const scale = exactRow(FLOAT32, ownColumn, ownColumn, 4, row, feature);
  pass(LEAVE, at, ownColumn, 4, 1, size);
  return scale;
}
