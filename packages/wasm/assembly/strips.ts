// Rows that are not contiguous (inner > 1): a slab [size, inner] of neighbouring rows is done in strips of columns, each
// summed and then scaled, narrow enough to stay in a cache between the two. No transposition.
//
// float32 strips are read where they are. 16-bit ones are converted into float32 scratch memory, as many of their rows
// at a time as fit, once where all fit.

import { CELL_BYTES } from './cells';
import { scaleColumns, sumColumns } from './columns';
import { FLOAT32, With, Without } from './dtype';
import { exactRow } from './exact-row';
import { alpha, beta, endColumn, firstColumn, firstGroup, given, groups, inner, isPlain, llama, rstd, rstdOf, scratch, size, slabs, statSize, weightOffset, x, y } from './problem';
import { dtype, loadRun, storeRun } from './runs';
import { scaleRow } from './scale';
import { PIECE, weightBytes, weightsOf } from './weights';

/** Most columns of a strip: their sums stay in the first-level cache. */
const MAX_WIDTH: u32 = 1024;
/** A float32 slab of up to 8 MB is one strip: reading it from end to end saves more than the larger caches cost. */
const WHOLE: u32 = 1 << 21;
const MAX_WHOLE_WIDTH: u32 = 4096;
/** Elements of a 16-bit strip that are converted at a time; 256 KB as float32. */
const CONVERTED: u32 = 65536;

function widthOf<T>(size: u32, inner: u32): u32 {
  if (isFloat<T>()) return inner <= MAX_WHOLE_WIDTH && size <= WHOLE / inner ? inner : min(inner, MAX_WIDTH);
  return min(inner, max(64, min(MAX_WIDTH, (CONVERTED / size) & ~15)));
}

/** How many rows of a strip are done at a time: a multiple of 4, or all. */
function heightOf<T>(size: u32, width: u32): u32 {
  return min(size, isFloat<T>() ? PIECE : min(PIECE, (CONVERTED / width) & ~3));
}

function paddedColumns(width: u32): u32 {
  return (width + 3) & ~3;
}

/** What lies behind the cells and the weights: sums, factors and ones of a strip, and a 16-bit one's values. */
export function stripBytes<T>(size: u32, inner: u32): u32 {
  const width = widthOf<T>(size, inner);
  const values = isFloat<T>() ? 0 : paddedColumns(width) * heightOf<T>(size, width) * 4;
  return paddedColumns(width) * 16 + values;
}

export function strips<T>(): void {
  const width = widthOf<T>(size, inner);
  const sums = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  const factors = sums + (<usize>paddedColumns(width) << 3);
  const values = factors + (<usize>paddedColumns(width) << 3);
  // 'llama' rounds x * r, and has no factors left for the multiplication by gamma: ones behind the factors.
  const ones = factors + (<usize>paddedColumns(width) << 2);
  for (let p = ones; p < values; p += 4) store<f32>(p, 1);
  const stride: usize = inner * sizeof<T>();
  const slab: usize = size * stride;
  let group = firstGroup;
  for (let s: u32 = 0; s < slabs; s++) {
    const feature = group * size;
    for (let column = firstColumn; column < endColumn; column += width) {
      const columns = min(width, endColumn - column);
      const at = s * slab + column * sizeof<T>();
      sumStrip<T>(x + at, stride, columns, sums, values);
      // Columns that are not plain are done by themselves, and the ones between them together: in place, none twice.
      let done: u32 = 0;
      for (let c: u32 = 0; c < columns; c++) {
        const row = s * inner + column + c;
        const sum = given ? <f64>load<f32>(given + (<usize>row << 2)) : load<f64>(sums + (<usize>c << 3));
        let scale = rstdOf(sum);
        const r = alpha * scale;
        store<f32>(factors + (<usize>c << 2), <f32>r);
        if (!isPlain(sum, r)) {
          scaleStrip<T>(x + at, y + at, stride, columns, done, c - done, factors, values, feature);
          const offset = at + c * sizeof<T>();
          scale = exactRow(isFloat<T>() ? FLOAT32 : dtype, x + offset, y + offset, stride, row, feature);
          done = c + 1;
        }
        if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
      }
      scaleStrip<T>(x + at, y + at, stride, columns, done, columns - done, factors, values, feature);
    }
    if (++group === groups) group = 0;
  }
}

/** Sums the columns of a strip. Leaves a 16-bit one's first rows converted in `values`. */
function sumStrip<T>(from: usize, stride: usize, columns: u32, sums: usize, values: usize): void {
  memory.fill(sums, 0, <usize>paddedColumns(columns) << 3);
  if (isFloat<T>()) {
    sumColumns(from, stride, columns, statSize, sums);
    return;
  }
  const valueStride = <usize>paddedColumns(columns) << 2;
  const height = heightOf<T>(size, widthOf<T>(size, inner));
  for (let i: u32 = 0; i < statSize; i += height) {
    const rows = min(height, size - i);
    toRows(from + i * stride, stride, columns, rows, values, valueStride);
    sumColumns(values, valueStride, columns, min(rows, statSize - i), sums);
  }
}

function toRows(from: usize, stride: usize, columns: u32, rows: u32, values: usize, valueStride: usize): void {
  // Where the strip is the slab, its rows are one run.
  if (stride === <usize>columns << 1 && valueStride === <usize>columns << 2) {
    loadRun(from, values, columns * rows);
    return;
  }
  for (; rows > 0; rows--, from += stride, values += valueStride) loadRun(from, values, columns);
}

function fromRows(values: usize, valueStride: usize, columns: u32, rows: u32, to: usize, stride: usize): void {
  if (stride === <usize>columns << 1 && valueStride === <usize>columns << 2) {
    storeRun(values, to, columns * rows);
    return;
  }
  for (; rows > 0; rows--, to += stride, values += valueStride) storeRun(values, to, columns);
}

function scale(from: usize, to: usize, stride: usize, columns: u32, rows: u32, factors: usize, w: usize, b: usize): void {
  if (beta) scaleColumns<With>(from, to, stride, columns, rows, factors, w, b);
  else scaleColumns<Without>(from, to, stride, columns, rows, factors, w, b);
}

/** Scales `count` columns of a strip from its column `first` on. */
function scaleStrip<T>(
  from: usize,
  to: usize,
  stride: usize,
  columns: u32,
  first: u32,
  count: u32,
  factors: usize,
  values: usize,
  feature: u32,
): void {
  if (count === 0) return;
  to += first * sizeof<T>();
  factors += <usize>first << 2;
  const valueStride = <usize>paddedColumns(columns) << 2;
  const height = heightOf<T>(size, widthOf<T>(size, inner));
  for (let i: u32 = 0; i < size; i += height) {
    const rows = min(height, size - i);
    const w = weightsOf(feature + i, rows);
    const b = beta + (<usize>(feature + i) << 2);
    if (isFloat<T>()) {
      scale(from + (<usize>first << 2) + i * stride, to + i * stride, stride, count, rows, factors, w, b);
      continue;
    }
    const v = values + (<usize>first << 2);
    const target = to + i * stride;
    if (size > height) toRows(from + i * stride + first * sizeof<T>(), stride, count, rows, v, valueStride);
    if (llama) {
      const ones = values - (<usize>paddedColumns(widthOf<T>(size, inner)) << 2);
      for (let row: u32 = 0; row < rows; row++) {
        const p = v + row * valueStride;
        scaleRow<Without>(p, factors, 0, p, count, 1);
      }
      fromRows(v, valueStride, count, rows, target, stride);
      toRows(target, stride, count, rows, v, valueStride);
      scale(v, v, valueStride, count, rows, ones, w, b);
    } else {
      scale(v, v, valueStride, count, rows, factors, w, b);
    }
    fromRows(v, valueStride, count, rows, target, stride);
  }
}
