// Contiguous float32 rows, some at a time: all are summed, then come the roots and quotients, then all are scaled. A row's
// bits are those of rows.ts.

import { CELL_BYTES } from '../elements/cells';
import { has } from '../elements/dtype';
import { FACTORS, factorsOf, ROWS } from './factors';
import { beta, firstGroup, gamma, groups, rstd, scratch, size, slabs, statSize, weightOffset, x, y } from '../problem';
import { finishRow } from './rows';
import { scaleLine, scaleRest } from './scale';
import { finishSum, promoteHigh, sumOfSquares } from './sum';
import { weightBytes, weightsOf } from '../weights';

/** At a time, unless a row is longer: a first-level cache holds as many of x, of the next x, of y and of the weights. */
const ELEMENTS: u32 = 2048;

/**
 * All rows, whose weights stand in memory at once. `apart`: sums and scales in turn, instead of summing rows while those
 * before them are scaled. Rows that are summed in part always are: one loop does both for each element.
 */
export function rowBatches<Beta>(apart: bool): void {
  const own = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  const bytes = <usize>size << 2;
  const most = max(1, min(ROWS, ELEMENTS / size));
  const together = !apart && statSize === size;
  let summed = false;
  let from = x;
  let to = y;
  let group = firstGroup % groups;
  for (let row: u32 = 0; row < slabs; ) {
    const rows = min(most, slabs - row);
    if (!summed) sumRows(from, rows, own);
    summed = false;
    if (factorsOf(own, rows, rstd ? rstd + (<usize>row << 2) : 0, false)) {
      summed = together && row + 2 * most <= slabs;
      if (summed) scaleRowsSumNext<Beta>(from, to, own, rows, group);
      else scaleRows<Beta>(from, to, own + FACTORS, rows, group);
    } else {
      for (let i: u32 = 0; i < rows; i++) {
        finishRow(row + i, ((group + i) % groups) * size, from + i * bytes, to + i * bytes, load<f64>(own + (<usize>i << 3)));
      }
    }
    row += rows;
    from += rows * bytes;
    to += rows * bytes;
    group = (group + rows) % groups;
  }
}

/** As sumSquares does it. */
function sumRows(p: usize, rows: u32, to: usize): void {
  const bytes = <usize>size << 2;
  const rest = statSize & 15;
  for (const last = to + (<usize>rows << 3); to < last; to += 8) {
    const next = p + bytes;
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    for (const end = p + (<usize>(statSize & ~15) << 2); p < end; p += 64) {
      const squares = sumOfSquares(v128.load(p), v128.load(p, 16), v128.load(p, 32), v128.load(p, 48));
      low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
      high = f64x2.add(high, promoteHigh(squares));
    }
    storeSum(to, low, high, p, rest);
    p = next;
  }
}

// @ts-ignore: decorator
@inline
function storeSum(to: usize, low: v128, high: v128, p: usize, rest: u32): void {
  const both = f64x2.add(low, high);
  store<f64>(to, rest ? finishSum(low, high, p, rest) : f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1));
}

function scaleRows<Beta>(x: usize, y: usize, factors: usize, rows: u32, group: u32): void {
  const bytes = <usize>size << 2;
  const weights = weightsOf(0, size);
  const ofGroup = gamma ? bytes : 0;
  const toY = y - x;
  for (const last = factors + (<usize>rows << 2); factors < last; factors += 4) {
    const r = v128.load32_splat(factors);
    const end = x + bytes;
    const toW = weights + group * ofGroup - x;
    const toB = has<Beta>() ? beta + group * bytes - x : 0;
    for (const lines = x + (<usize>(size & ~15) << 2); x < lines; x += 64) scaleLine<Beta>(x, x + toY, r, x + toW, x + toB);
    scaleRest<Beta>(x, end, r, toY, toW, toB);
    x = end;
    if (++group === groups) group = 0;
  }
}

/**
 * scaleRows, and sumRows of as many rows behind them, in one loop: reading and writing memory overlap, and so do multiplying
 * and adding.
 */
function scaleRowsSumNext<Beta>(x: usize, y: usize, sums: usize, rows: u32, group: u32): void {
  const bytes = <usize>size << 2;
  const weights = weightsOf(0, size);
  const ofGroup = gamma ? bytes : 0;
  const toY = y - x;
  const toNext = rows * bytes;
  const rest = size & 15;
  let factors = sums + FACTORS;
  for (const last = sums + (<usize>rows << 3); sums < last; sums += 8, factors += 4) {
    const r = v128.load32_splat(factors);
    const end = x + bytes;
    const toW = weights + group * ofGroup - x;
    const toB = has<Beta>() ? beta + group * bytes - x : 0;
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    for (const lines = x + (<usize>(size & ~15) << 2); x < lines; x += 64) {
      const next = x + toNext;
      const squares = sumOfSquares(v128.load(next), v128.load(next, 16), v128.load(next, 32), v128.load(next, 48));
      low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
      high = f64x2.add(high, promoteHigh(squares));
      scaleLine<Beta>(x, x + toY, r, x + toW, x + toB);
    }
    storeSum(sums, low, high, x + toNext, rest);
    scaleRest<Beta>(x, end, r, toY, toW, toB);
    x = end;
    if (++group === groups) group = 0;
  }
}
