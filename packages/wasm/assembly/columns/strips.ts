// Rows that are not contiguous (inner > 1). They are the columns of slabs [size, inner], which are done in strips: each strip is summed,
// then scaled, and so narrow that a cache holds it in between. Nothing is transposed.
//
// float32 strips are read where they are. Beyond the caches a strip is scaled while the next is summed. 16-bit strips are converted into
// float32 scratch memory, a part of their features at a time; once if all fit, else again for scaling. Where making values takes more
// than a conversion, strips are so narrow that all values are kept.

import { call, isFloat32 } from '../call';
import { DType } from '../descriptor';
import { With, Without } from '../elements/generic';
import { loadRun, storeRun } from '../elements/runs';
import { ADD, ENTER, GATE_FIRST, GATE_LAST, isEntered, KEEP, LEAVE, LOAD, moveRows, NO_STAGE } from '../operations/stages';
import { factorsOf } from '../rows/factors';
import { rowInFloat64 } from '../rows/float64-row';
import { beyondCaches } from '../rows/rows';
import { multiplyBy } from '../rows/scale';
import { runMemory } from '../scratch';
import { copyGivenSums, fitsFloat32, rstdOf, sumsAreGiven } from '../statistic';
import { PIECE, weightsOf } from '../weights';
import { scaleColumns, scaleColumnsSumNext } from './scale';
import { interleavedWidth, startStrips, Strip } from './strip';
import { sumColumns } from './sum';

/** Normalizes from `source` to `target` of stages.ts. */
export function normalizeStrips(): void {
  const strip = startStrips();
  const slabs = call.outer * call.groups;
  const size = call.size;
  // scaleColumnsSumNext takes features by fours, and their weights at once.
  const fits = call.statSize === size && (size & 3) === 0 && size <= PIECE;
  if (fits && isFloat32() && call.stage === NO_STAGE && !sumsAreGiven() && beyondCaches(slabs * call.inner)) {
    strip.interleaved = 1;
    strip.width = interleavedWidth();
  }
  let group: u32 = 0;
  for (let slab: u32 = 0; slab < slabs; slab++) {
    for (let column = call.firstColumn; column < call.endColumn; column += strip.width) {
      normalizeStrip(strip, slab, column, min(strip.width, call.endColumn - column), group * size);
    }
    if (++group === call.groups) group = 0;
  }
}

/** One strip, whose first feature is `feature`. Under KEEP the results stay in `values`, after those of the features before. */
export function normalizeStrip(strip: Strip, slab: u32, column: u32, columns: u32, feature: u32): void {
  const at = offsetOf(slab, column);
  const row = slab * call.inner + column;
  const values = strip.values + (call.stage === KEEP ? <usize>(feature * columns) << 2 : 0);
  if (sumsAreGiven()) copyGivenSums(row, columns, strip.sums);
  else if (!strip.summed) sumStrip(strip, at, columns, values);
  strip.summed = 0;
  // Columns that do not fit float32 are done alone, and those between them together. None is done twice, as y may be x.
  let done: u32 = 0;
  let c: u32 = 0;
  while (c < columns) {
    const sums = strip.sums + (<usize>c << 3);
    const factors = strip.factors + (<usize>c << 2);
    const rstd = call.rstd ? call.rstd + (<usize>(row + c) << 2) : 0;
    const fitting = factorsOf(sums, columns - c, factors, rstd, false);
    if (fitting) {
      c += fitting;
      continue;
    }
    const sum = load<f64>(sums);
    let rstdOfRow = rstdOf(sum);
    const r = call.alpha * rstdOfRow;
    store<f32>(factors, <f32>r);
    if (!fitsFloat32(sum, r)) {
      scaleStrip(strip, at, columns, done, c - done, feature, values);
      rstdOfRow = columnInFloat64(strip, at + (<usize>c << call.elementShift), values + (<usize>c << 2), <usize>columns << 2, row + c, feature);
      done = c + 1;
    }
    if (rstd) store<f32>(rstd, <f32>rstdOfRow);
    c++;
  }
  if (strip.interleaved && done === 0) done = scaleWhileSummingNext(strip, slab, column, columns, feature);
  scaleStrip(strip, at, columns, done, columns - done, feature, values);
}

/** Sums the next strip, if there is one, and scales columns of this one meanwhile. Returns how many it scaled. */
function scaleWhileSummingNext(strip: Strip, slab: u32, column: u32, columns: u32, feature: u32): u32 {
  const size = call.size;
  const from = offsetOf(slab, column);
  column += columns;
  if (column >= call.endColumn) {
    column = call.firstColumn;
    if (++slab === call.outer * call.groups) return 0;
  }
  const summed = min(strip.width, call.endColumn - column);
  const sums = strip.sums;
  const x = call.source + from;
  const y = call.target + from;
  const next = call.source + offsetOf(slab, column);
  const pitch = <usize>call.inner << 2;
  const both = min(columns, summed) & ~15;
  const w = weightsOf(feature, size);
  const b = call.beta + (<usize>feature << 2);
  strip.summed = summed;
  memory.fill(sums, 0, <usize>summed << 3);
  if (call.beta) scaleColumnsSumNext<With>(x, y, next, pitch, both, size, strip.factors, sums, w, b);
  else scaleColumnsSumNext<Without>(x, y, next, pitch, both, size, strip.factors, sums, w, b);
  sumColumns(next + (<usize>both << 2), pitch, summed - both, size, sums + (<usize>both << 3));
  return both;
}

/** Bytes from the start of a tensor to a column of a slab. */
export function offsetOf(slab: u32, column: u32): usize {
  return (<usize>(slab * call.size) * call.inner + column) << call.elementShift;
}

/** Sums the columns of a strip, `at` bytes into the tensors, after its values have entered (stages.ts). 16-bit values come to `v`. */
export function sumStrip(strip: Strip, at: usize, columns: u32, v: usize): void {
  const sums = strip.sums;
  const statSize = call.statSize;
  const direct = isFloat32();
  const entered = isEntered();
  const pitch = <usize>call.inner << call.elementShift;
  memory.fill(sums, 0, <usize>columns << 3);
  if (direct && !entered) {
    sumColumns(call.source + at, pitch, columns, statSize, sums);
    return;
  }
  const dense = <usize>columns << 2;
  const height = strip.height;
  const end = entered ? call.size : statSize;
  for (let i: u32 = 0; i < end; i += height, at += height * pitch) {
    const rows = min(height, call.size - i);
    moveRows(ENTER, at, v, dense, columns, rows);
    if (i < statSize) sumColumns(direct ? call.source + at : v, direct ? pitch : dense, columns, min(rows, statSize - i), sums);
  }
}

/** Scales `count` columns of a strip from column `first` on. */
function scaleStrip(strip: Strip, at: usize, columns: u32, first: u32, count: u32, feature: u32, v: usize): void {
  if (count === 0) return;
  const direct = isFloat32();
  const stored = direct && call.stage < GATE_LAST;
  const kept = strip.kept;
  const pitch = <usize>call.inner << call.elementShift;
  const dense = <usize>(kept ? columns : count) << 2;
  const high = stored ? PIECE : min(PIECE, strip.height);
  const f = strip.factors + (<usize>first << 2);
  if (kept) v += <usize>first << 2;
  at += <usize>first << call.elementShift;
  for (let i: u32 = 0; i < call.size; i += high, at += high * pitch) {
    const rows = min(high, call.size - i);
    if (direct) {
      scale(call.source + at, stored ? call.target + at : v, pitch, stored ? pitch : dense, count, rows, f, feature + i);
    } else {
      if (!kept) moveRows(LOAD, at, v, dense, count, rows);
      if (call.roundsProducts) roundProducts(v, dense, count, rows, f);
      scale(v, v, dense, dense, count, rows, call.roundsProducts ? strip.ones : f, feature + i);
    }
    if (!stored && call.stage !== KEEP) moveRows(LEAVE, at, v, dense, count, rows);
    if (kept) v += high * dense;
  }
}

/** scaleColumns with the weights and beta of `rows` features from `feature` on. */
function scale(from: usize, to: usize, stride: usize, toStride: usize, columns: u32, rows: u32, factors: usize, feature: u32): void {
  const w = weightsOf(feature, rows);
  const b = call.beta + (<usize>feature << 2);
  if (call.beta) scaleColumns<With>(from, to, stride, toStride, columns, rows, factors, w, b);
  else scaleColumns<Without>(from, to, stride, toStride, columns, rows, factors, w, b);
}

/** Multiplies values by the factors of their columns and rounds them to the dtype. */
function roundProducts(v: usize, stride: usize, columns: u32, rows: u32, factors: usize): void {
  for (; rows > 0; rows--, v += stride) {
    multiplyBy(v, factors, v, columns);
    storeRun(v, runMemory(), columns);
    loadRun(runMemory(), v, columns);
  }
}

/** One column that does not fit float32. Its values, if kept, are at `v`, `stride` bytes apart. Returns rstd. */
function columnInFloat64(strip: Strip, at: usize, v: usize, stride: usize, row: u32, feature: u32): f64 {
  const direct = isFloat32();
  if (call.stage <= (direct ? GATE_FIRST : ADD)) {
    return rowInFloat64(call.dtype, call.source + at, call.target + at, <usize>call.inner << call.elementShift, row, feature);
  }
  if (direct) {
    if (!strip.kept) {
      v = strip.column;
      stride = 4;
    }
    moveRows(LOAD, at, v, stride, 1, call.size);
  }
  const rstd = rowInFloat64(DType.float32, v, v, stride, row, feature);
  if (call.stage !== KEEP) moveRows(LEAVE, at, v, stride, 1, call.size);
  return rstd;
}
