// Rows that are not contiguous (inner > 1): a slab [size, inner] of neighbouring rows is done in strips of columns, each
// summed and then scaled, narrow enough to stay in a cache between the two. No transposition.
//
// float32 strips are read where they are; beyond the caches each is scaled while the next is summed. 16-bit ones are
// converted into float32 scratch memory, as many of their rows at a time as fit, once where all fit. Where making or using
// values takes more than a conversion, a strip is so narrow that all of them are kept.

import { CELL_BYTES } from '../elements/cells';
import { scaleColumns, scaleColumnsSumNext, sumColumns } from './columns';
import { FLOAT32, With, Without } from '../elements/dtype';
import { exactRow } from '../rows/exact-row';
import { alpha, arePlain2, beta, endColumn, firstColumn, firstGroup, given, groups, inner, isPlain, llama, rstd, rstdOf, rstdOf2, scratch, size, slabs, statSize, weightOffset, x, y } from '../problem';
import { beyondCaches } from '../rows/rows';
import { dtype, loadRun, shift, storeRun } from '../elements/runs';
import { scaleRow } from '../rows/scale';
import { ADD, ENTER, GATE_FIRST, GATE_LAST, isEntered, KEEP, LEAVE, LOAD, pass, PLAIN, RUN, setOther, stage } from '../operations/stages';
import { PIECE, weightBytes, weightsOf } from '../weights';

/** Most columns of a strip: their sums stay in the first-level cache. */
const MAX_WIDTH: u32 = 1024;
/** A float32 slab of up to 8 MB is one strip: reading it from end to end saves more than the larger caches cost. Not where strips overlap. */
const WHOLE: u32 = 1 << 21;
const MAX_WHOLE_WIDTH: u32 = 4096;
/** Elements of a strip that is scaled while the next is summed, 2 MB, but for narrow ones. */
const OVERLAPPED: u32 = 1 << 19;
/** Elements of a 16-bit strip that are converted at a time; 256 KB as float32. */
const CONVERTED: u32 = 65536;
/** Elements of a strip whose values are kept, 1 MB, and how many columns it has even so. */
const KEPT: u32 = 1 << 18;
const LEAST_WIDTH: u32 = 64;

// Memory of the call: float64 sums and float32 factors of a strip's columns, ones, values, a run, and a column.
export let sums: usize = 0;
let factors: usize = 0;
let ones: usize = 0;
export let values: usize = 0;
let other: usize = 0;
let ownColumn: usize = 0;
/** Columns of a strip. */
export let width: u32 = 0;
/** Rows of a strip that are in memory, or enter, at a time. */
let height: u32 = 0;
/** Whether all values of a strip have their place in memory. */
let kept: bool = false;
/** Whether a strip is scaled while the next is summed, and of how many columns of the strip to come the squares are summed. */
let overlapped: bool = false;
let summed: u32 = 0;

function widthOf(dtype: i32, keep: bool, features: u32, size: u32, inner: u32): u32 {
  if (keep) return min(inner, max(LEAST_WIDTH, min(MAX_WIDTH, (KEPT / features) & ~15)));
  if (dtype === FLOAT32 && inner <= MAX_WHOLE_WIDTH && size <= WHOLE / inner) return inner;
  return min(inner, MAX_WIDTH);
}

/** Of strips that are about equally wide. */
function overlappedWidth(): u32 {
  const most = min(MAX_WIDTH, max(LEAST_WIDTH, (OVERLAPPED / size) & ~15));
  const strips = (inner + most - 1) / most;
  return min(inner, ((inner + strips - 1) / strips + 15) & ~15);
}

/** A multiple of 8, or all. */
function heightOf(dtype: i32, size: u32, width: u32): u32 {
  return min(size, min(PIECE, max(8, ((dtype === FLOAT32 ? RUN : CONVERTED) / width) & ~7)));
}

function padded(elements: u32): u32 {
  return (elements + 3) & ~3;
}

function elementsOf(dtype: i32, keep: bool, features: u32, size: u32, width: u32): u32 {
  return padded(width * (keep ? features : heightOf(dtype, size, width)));
}

/** What lies behind the cells and the weights. @param keep whether values are kept, of `features` rows of a strip */
export function stripBytes(dtype: i32, keep: bool, features: u32, size: u32, inner: u32): u32 {
  const width = widthOf(dtype, keep, features, size, inner);
  return (padded(width) * 4 + elementsOf(dtype, keep, features, size, width) + RUN + size) * 4;
}

/** After the stage is set. */
export function startStrips(): void {
  const keep = stage === KEEP || (dtype !== FLOAT32 && stage >= GATE_FIRST);
  const features = stage === KEEP ? groups * size : size;
  width = widthOf(dtype, keep, features, size, inner);
  height = keep ? size : heightOf(dtype, size, width);
  overlapped = false;
  kept = keep || (dtype !== FLOAT32 && size <= height && !given);
  const columns = <usize>padded(width) << 2;
  sums = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  factors = sums + 2 * columns;
  ones = factors + columns;
  values = ones + columns;
  other = values + (<usize>elementsOf(dtype, keep, features, size, width) << 2);
  ownColumn = other + (<usize>RUN << 2);
  setOther(other);
  // 'llama' rounds x * r, and has no factors left for the multiplication by gamma.
  for (let p = ones; p < values; p += 4) store<f32>(p, 1);
}

export function strips(): void {
  startStrips();
  // One loop takes all rows by fours, with weights that stand in one place.
  const fits = statSize === size && (size & 3) === 0 && size <= PIECE;
  overlapped = fits && dtype === FLOAT32 && stage === PLAIN && !given && beyondCaches(slabs * inner);
  if (overlapped) width = overlappedWidth();
  let group = firstGroup;
  for (let slab: u32 = 0; slab < slabs; slab++) {
    for (let column = firstColumn; column < endColumn; column += width) strip(slab, column, min(width, endColumn - column), group * size);
    if (++group === groups) group = 0;
  }
}

/** Columns of a slab, whose first feature is `feature`. KEEP leaves its values behind those of the features before. */
export function strip(slab: u32, column: u32, columns: u32, feature: u32): void {
  const at = offsetOf(slab, column);
  const v = values + (stage === KEEP ? <usize>(feature * columns) << 2 : 0);
  if (!given && !summed) sumStrip(at, columns, v);
  summed = 0;
  // Columns that are not plain are done by themselves, and the ones between them together: in place, none twice.
  let done: u32 = 0;
  for (let c: u32 = 0; c < columns; c++) {
    const row = slab * inner + column + c;
    if (c + 2 <= columns && arePlain(c, row)) {
      c++;
      continue;
    }
    const sum = given ? <f64>load<f32>(given + (<usize>row << 2)) : load<f64>(sums + (<usize>c << 3));
    let scale = rstdOf(sum);
    const r = alpha * scale;
    store<f32>(factors + (<usize>c << 2), <f32>r);
    if (!isPlain(sum, r)) {
      scaleStrip(at, columns, done, c - done, feature, v);
      scale = exactColumn(at + (<usize>c << shift()), v + (<usize>c << 2), <usize>columns << 2, row, feature);
      done = c + 1;
    }
    if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
  }
  if (overlapped && done === 0) done = overlap(slab, column, columns, feature);
  scaleStrip(at, columns, done, columns - done, feature, v);
}

/** Sums the strip behind this one, where there is one, and scales columns of this one meanwhile: says how many. */
function overlap(slab: u32, column: u32, columns: u32, feature: u32): u32 {
  const from = offsetOf(slab, column);
  column += columns;
  if (column >= endColumn) {
    column = firstColumn;
    if (++slab === slabs) return 0;
  }
  summed = min(width, endColumn - column);
  const next = x + offsetOf(slab, column);
  const pitch = <usize>inner << 2;
  const both = min(columns, summed) & ~15;
  const w = weightsOf(feature, size);
  const b = beta + (<usize>feature << 2);
  memory.fill(sums, 0, <usize>summed << 3);
  if (beta) scaleColumnsSumNext<With>(x + from, y + from, next, pitch, both, size, factors, sums, w, b);
  else scaleColumnsSumNext<Without>(x + from, y + from, next, pitch, both, size, factors, sums, w, b);
  sumColumns(next + (<usize>both << 2), pitch, summed - both, size, sums + (<usize>both << 3));
  return both;
}

/** Whether the two columns from `c` on are plain, which are rows `row` and `row` + 1: then factors and rstd are written. */
function arePlain(c: u32, row: u32): bool {
  const at = <usize>row << 2;
  const pair = given ? f64x2.promote_low_f32x4(v128.load64_zero(given + at)) : v128.load(sums + (<usize>c << 3));
  const scales = rstdOf2(pair);
  const rs = f64x2.mul(scales, f64x2.splat(alpha));
  if (!arePlain2(pair, rs)) return false;
  v128.store64_lane(factors + (<usize>c << 2), f32x4.demote_f64x2_zero(rs), 0);
  if (rstd) v128.store64_lane(rstd + at, f32x4.demote_f64x2_zero(scales), 0);
  return true;
}

/** Bytes from the beginning of a tensor. */
export function offsetOf(slab: u32, column: u32): usize {
  return (<usize>(slab * size) * inner + column) << shift();
}

/** Sums the columns of a strip whose values enter, at `v` where they come into memory. */
export function sumStrip(at: usize, columns: u32, v: usize): void {
  memory.fill(sums, 0, <usize>columns << 3);
  const direct = dtype === FLOAT32;
  const pitch = <usize>inner << shift();
  if (direct && !isEntered()) {
    sumColumns(x + at, pitch, columns, statSize, sums);
    return;
  }
  const dense = <usize>columns << 2;
  const end = isEntered() ? size : statSize;
  for (let i: u32 = 0; i < end; i += height, at += height * pitch) {
    const rows = min(height, size - i);
    pass(ENTER, at, v, dense, columns, rows);
    if (i < statSize) sumColumns(direct ? x + at : v, direct ? pitch : dense, columns, min(rows, statSize - i), sums);
  }
}

/** Scales `count` columns of a strip from its column `first` on. */
function scaleStrip(at: usize, columns: u32, first: u32, count: u32, feature: u32, v: usize): void {
  if (count === 0) return;
  const direct = dtype === FLOAT32;
  const stored = direct && stage < GATE_LAST;
  const pitch = <usize>inner << shift();
  const dense = <usize>(kept ? columns : count) << 2;
  const high = stored ? PIECE : min(PIECE, height);
  const f = factors + (<usize>first << 2);
  if (kept) v += <usize>first << 2;
  at += <usize>first << shift();
  for (let i: u32 = 0; i < size; i += high, at += high * pitch) {
    const rows = min(high, size - i);
    const w = weightsOf(feature + i, rows);
    const b = beta + (<usize>(feature + i) << 2);
    if (direct) {
      scale(x + at, stored ? y + at : v, pitch, stored ? pitch : dense, count, rows, f, w, b);
    } else {
      if (!kept) pass(LOAD, at, v, dense, count, rows);
      if (llama) roundProducts(v, dense, count, rows, f);
      scale(v, v, dense, dense, count, rows, llama ? ones : f, w, b);
    }
    if (!stored && stage !== KEEP) pass(LEAVE, at, v, dense, count, rows);
    if (kept) v += high * dense;
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

/** A column that is not plain; `v` and `stride` say where its values are kept. Returns r / alpha. */
function exactColumn(at: usize, v: usize, stride: usize, row: u32, feature: u32): f64 {
  const direct = dtype === FLOAT32;
  if (stage <= (direct ? GATE_FIRST : ADD)) return exactRow(dtype, x + at, y + at, <usize>inner << shift(), row, feature);
  if (direct) {
    if (!kept) {
      v = ownColumn;
      stride = 4;
    }
    pass(LOAD, at, v, stride, 1, size);
  }
  const scale = exactRow(FLOAT32, v, v, stride, row, feature);
  if (stage !== KEEP) pass(LEAVE, at, v, stride, 1, size);
  return scale;
}
