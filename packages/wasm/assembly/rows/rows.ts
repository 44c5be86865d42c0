// Contiguous float32 rows (inner = 1).
//
// Memory bandwidth is the first limit, the number of instructions the second. So most rows are done in batches (batches.ts). A single
// row, rows longer than a piece, and rows whose weights are made again for each, are done one by one.

import { call } from '../call';
import { DType } from '../descriptor';
import { fitsFloat32, givenSum, rstdOf, sumsAreGiven } from '../statistic';
import { PIECE, allWeightsAtOnce } from '../weights';
import { rowBatches } from './batches';
import { rowInFloat64, UNWEIGHTED } from './float64-row';
import { scalePiece, scaleRounded } from './scale';
import { sumRow } from './sum';

/** x and y of up to so many bytes together are assumed to lie in a cache. */
const CACHED: u64 = 1 << 22;

/** Whether x and y of so many rows exceed the caches. */
export function beyondCaches(rows: u32): bool {
  return <u64>rows * call.size * 8 > CACHED;
}

/** Normalizes `rows` rows from `x` to `y`. The first is of group `group`, and its rstd goes to `rstd`, unless that is 0. */
export function float32Rows(x: usize, y: usize, rstd: usize, rows: u32, group: u32): void {
  const batches = rows > 1 && call.size <= PIECE && allWeightsAtOnce();
  if (!batches) oneByOne(x, y, rstd, rows, group);
  else rowBatches(x, y, rstd, rows, group);
}

function oneByOne(x: usize, y: usize, rstd: usize, rows: u32, group: u32): void {
  const bytes = <usize>call.size << 2;
  for (let row: u32 = 0; row < rows; row++, x += bytes, y += bytes) {
    const sum = sumsAreGiven() ? givenSum(row) : sumRow(x, call.statSize);
    scaleRow(row, group, x, y, rstd, sum);
    if (++group === call.groups) group = 0;
  }
}

/**
 * Scales one row, whose sum of squares is `sum`, and stores its rstd at index `row` of `rstd`, unless that is 0. With
 * `call.roundsProducts` (only tiles of 16-bit rows), `to` must be `from`.
 */
export function scaleRow(row: u32, group: u32, from: usize, to: usize, rstd: usize, sum: f64): void {
  const size = call.size;
  const feature = group * size;
  const rounds = call.roundsProducts;
  let rstdOfRow = rstdOf(sum);
  let r = call.alpha * rstdOfRow;
  const fits = fitsFloat32(sum, r);
  if (!fits) {
    rstdOfRow = rowInFloat64(DType.float32, from, to, 4, row, rounds ? UNWEIGHTED : feature);
    r = 1;
  }
  if (fits || rounds) {
    for (let at: u32 = 0; at < size; at += PIECE) {
      const count = min(size - at, PIECE);
      const offset = <usize>at << 2;
      if (rounds) scaleRounded(to + offset, feature + at, count, <f32>r);
      else scalePiece(from + offset, feature + at, to + offset, count, <f32>r);
    }
  }
  if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>rstdOfRow);
}
