// float32 rows that are contiguous (inner = 1).
//
// What limits is memory, then the number of instructions. A row's bits are the same whichever way it is done; which way
// is fastest was measured:
// - short rows are done many at a time, see short-rows.ts;
// - others are scaled while the next is summed: reading and writing memory overlap, and so do multiplying and adding. On
//   some processors (AMD EPYC) rows that fit the first-level cache are faster apart, each summed and then scaled, beyond
//   the caches: the caller finds out and says so;
// - two rows at a time share the latency of a root and a division and the loads of gamma: faster for rows up to 4 KB in
//   the caches. They give the prefetcher two streams, which it follows beyond the caches only where they are long (from
//   8 KB). With a beta they would gain a tenth, for a twelfth of the module.

import { FACTORS } from './cells';
import { FLOAT32, has, With, Without } from './dtype';
import { exactRow } from './exact-row';
import { alpha, arePlain2, beta, firstGroup, gamma, given, groups, isPlain, rstd, rstdOf, rstdOf2, scratch, size, slabs, statSize, x, y } from './problem';
import { scaleRow, scaleRowSumNext, scaleTwoSumTwo } from './scale';
import { shortRows } from './short-rows';
import { sumSquares } from './sum';
import { PIECE, weightsOf } from './weights';

/** Bytes of x and y together that are taken to lie in a cache. */
const CACHED: u64 = 1 << 22;

/** Whether x and y of so many rows lie in no cache together. */
export function beyondCaches(rows: u32): bool {
  return <u64>rows * size * 8 > CACHED;
}

/** Rows of fewer elements are done by shortRows. */
const SHORT: u32 = 256;

let apart: bool = false;

/** Whether each row is summed and then scaled, instead of while the next is summed. */
export function setApart(apart_: bool): void {
  apart = apart_;
}

export function float32Rows(): void {
  if (beta) run<With>();
  else run<Without>();
}

function run<Beta>(): void {
  const rows = slabs;
  let row: u32 = 0;
  if (!has<Beta>() && rows >= 4 && !given) {
    const kinds = kindsOfRows();
    if (kinds && size < SHORT) {
      shortRows(kinds);
      return;
    }
    if (kinds === 1 && !apart && inPairs(beyondCaches(rows))) row = twoByTwo(rows);
  }
  if (row < rows) oneByOne<Beta>(row, rows, size <= PIECE && !given && !apart);
}

/** Whether two rows at a time are faster than one. */
function inPairs(beyond: bool): bool {
  return size < 1024 ? !beyond : beyond && size >= 2048 && size <= PIECE;
}

/** How many rows have weights of their own, which stand in memory at once, each behind the one before. 0: they do not. */
function kindsOfRows(): u32 {
  if (!gamma || groups === 1) return 1;
  return weightsOf(0, size) !== weightsOf(size, size) ? groups : 0;
}

/** Does an even number of rows, from the first, and says how many. All have the same weights. */
function twoByTwo(rows: u32): u32 {
  const bytes = <usize>size << 2;
  const w = weightsOf(0, size);
  let from = x;
  let to = y;
  let sums = sumTwo(from, bytes);
  let row: u32 = 0;
  while (true) {
    const rstds = rstdOf2(sums);
    const rs = f64x2.mul(rstds, f64x2.splat(alpha));
    const more = row + 4 <= rows;
    if (more && arePlain2(sums, rs)) {
      v128.store64_lane(scratch + FACTORS, f32x4.demote_f64x2_zero(rs), 0);
      if (rstd) v128.store64_lane(rstd + (<usize>row << 2), f32x4.demote_f64x2_zero(rstds), 0);
      sums = scaleTwoSumTwo(from, w, to, size, statSize);
    } else {
      finishRow<Without>(row, 0, from, to, f64x2.extract_lane(sums, 0));
      finishRow<Without>(row + 1, 0, from + bytes, to + bytes, f64x2.extract_lane(sums, 1));
      if (!more) return row + 2;
      sums = sumTwo(from + 2 * bytes, bytes);
    }
    row += 2;
    from += 2 * bytes;
    to += 2 * bytes;
  }
}

function sumTwo(p: usize, bytes: usize): v128 {
  return f64x2.replace_lane(f64x2.splat(sumSquares(p, statSize)), 1, sumSquares(p + bytes, statSize));
}

function sumOf(row: u32, p: usize): f64 {
  return given ? <f64>load<f32>(given + (<usize>row << 2)) : sumSquares(p, statSize);
}

/** Does the rows from `row` on; `overlap`: scales one while it sums the next. */
function oneByOne<Beta>(row: u32, rows: u32, overlap: bool): void {
  const bytes = <usize>size << 2;
  let from = x + row * bytes;
  let to = y + row * bytes;
  let group = (firstGroup + row) % groups;
  let sum = sumOf(row, from);
  while (true) {
    const feature = group * size;
    const scale = rstdOf(sum);
    const r = alpha * scale;
    const more = row + 1 < rows;
    if (overlap && more && isPlain(sum, r)) {
      if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
      const w = weightsOf(feature, size);
      sum = scaleRowSumNext<Beta>(from, w, beta + (<usize>feature << 2), to, size, <f32>r, statSize);
    } else {
      finishRow<Beta>(row, feature, from, to, sum);
      if (!more) return;
      sum = sumOf(row + 1, from + bytes);
    }
    row++;
    from += bytes;
    to += bytes;
    if (++group === groups) group = 0;
  }
}

/** Scales one row whose squares add up to `sum`. */
export function finishRow<Beta>(row: u32, feature: u32, from: usize, to: usize, sum: f64): void {
  let scale = rstdOf(sum);
  const r = alpha * scale;
  if (isPlain(sum, r)) {
    for (let at: u32 = 0; at < size; at += PIECE) {
      const count = min(size - at, PIECE);
      const w = weightsOf(feature + at, count);
      const offset = <usize>at << 2;
      scaleRow<Beta>(from + offset, w, beta + (<usize>(feature + at) << 2), to + offset, count, <f32>r);
    }
  } else {
    scale = exactRow(FLOAT32, from, to, 4, row, feature);
  }
  if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
}
