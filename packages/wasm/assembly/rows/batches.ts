// Contiguous float32 rows in batches. The rows of a batch are summed, then the factors of all of them are computed, then all are scaled.
// A row's bits are the same as in rows.ts.

import { call } from '../call';
import { has, With, Without } from '../elements/generic';
import { copyGivenSums, sumsAreGiven } from '../statistic';
import { weightsOf } from '../weights';
import { FACTORS, factorsOf, ROWS } from './factors';
import { scaleRow } from './rows';
import { multiply, round, scaleLine, scaleRest, scaleRows } from './scale';
import { promoteHigh, storeSum, squaresOfFour, sumRows } from './sum';

/** Elements of a batch, or one row. A first-level cache holds so many of x, of the next batch's x, of y and of the weights. */
const ELEMENTS: u32 = 2048;

/**
 * Normalizes `rows` rows from `x` to `y`. The first is of group `group`, and its rstd goes to `rstd`, unless that is 0. The weights of
 * all groups must be in memory at once. With `call.roundsProducts` (only tiles of 16-bit rows), `y` must be `x`.
 *
 * If the host asks for it, a batch is scaled while the next is summed. One loop then does both for each element, so this takes a
 * statistic of whole rows.
 */
export function rowBatches(x: usize, y: usize, rstd: usize, rows: u32, group: u32): void {
  const sums = call.kernelMemory;
  const size = call.size;
  const groups = call.groups;
  const bytes = <usize>size << 2;
  const most = batchRows(ELEMENTS);
  const given = sumsAreGiven();
  const interleaved = call.interleaved !== 0 && call.statSize === size && !given;
  let summed = false;
  for (let row: u32 = 0; row < rows; ) {
    const batch = min(most, rows - row);
    if (given) copyGivenSums(row, batch, sums);
    else if (!summed) sumRows(x, bytes, call.statSize, batch, sums);
    summed = scaleSummed(row, batch, group, x, y, rstd, interleaved && row + 2 * most <= rows);
    row += batch;
    x += batch * bytes;
    y += batch * bytes;
    group = (group + batch) % groups;
  }
}

/** The most rows of a batch of so many elements, or one row. */
export function batchRows(elements: u32): u32 {
  return max(1, min(ROWS, elements / call.size));
}

/**
 * Scales the rows of a batch, whose sums of squares are in the kernel's memory. The first has index `row` and is of group `group`.
 * `sumNext` puts the sums of as many rows after them in place of theirs. Returns whether it did: rows that do not fit float32 are scaled
 * one by one.
 */
export function scaleSummed(row: u32, rows: u32, group: u32, x: usize, y: usize, rstd: usize, sumNext: bool): bool {
  const sums = call.kernelMemory;
  if (factorsOf(sums, rows, sums + FACTORS, rstd ? rstd + (<usize>row << 2) : 0, false) === rows) {
    if (call.roundsProducts) roundBatch(x, rows);
    if (call.beta) scaleBatch<With>(x, y, rows, group, sumNext);
    else scaleBatch<Without>(x, y, rows, group, sumNext);
    return sumNext;
  }
  const bytes = <usize>call.size << 2;
  for (let i: u32 = 0; i < rows; i++, x += bytes, y += bytes) {
    scaleRow(row + i, (group + i) % call.groups, x, y, rstd, load<f64>(sums + (<usize>i << 3)));
  }
  return false;
}

function scaleBatch<Beta>(x: usize, y: usize, rows: u32, group: u32, sumNext: bool): void {
  const size = call.size;
  const w = weightsOf(0, size);
  if (sumNext) scaleRowsSumNext<Beta>(x, y, rows, w, group);
  else scaleRows<Beta>(x, y, call.kernelMemory + FACTORS, rows, size, w, call.beta, group);
}

/** For 'llama', in place: x * factor is rounded to x's dtype before the weight multiplies it. The factors become 1. */
function roundBatch(x: usize, rows: u32): void {
  const size = call.size;
  const factors = call.kernelMemory + FACTORS;
  for (let i: u32 = 0; i < rows; i++) {
    const factor = factors + (<usize>i << 2);
    multiply(x + (<usize>(i * size) << 2), size, load<f32>(factor));
    store<f32>(factor, 1);
  }
  round(x, rows * size);
}

/**
 * scaleRows of these rows, and sumRows of as many rows after them, in one loop. So reading overlaps with writing, and multiplying with
 * adding.
 */
function scaleRowsSumNext<Beta>(x: usize, y: usize, rows: u32, w: usize, group: u32): void {
  const size = call.size;
  const groups = call.groups;
  const beta = call.beta;
  const bytes = <usize>size << 2;
  const groupBytes: usize = call.gamma ? bytes : 0;
  const toY = y - x;
  const toNext = rows * bytes;
  const rest = size & 15;
  let sums = call.kernelMemory;
  let factors = sums + FACTORS;
  for (const last = sums + (<usize>rows << 3); sums < last; sums += 8, factors += 4) {
    const r = v128.load32_splat(factors);
    const end = x + bytes;
    const toW = w + group * groupBytes - x;
    const toB = has<Beta>() ? beta + group * bytes - x : 0;
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    for (const lines = x + (<usize>(size & ~15) << 2); x < lines; x += 64) {
      const next = x + toNext;
      const squares = squaresOfFour(v128.load(next), v128.load(next, 16), v128.load(next, 32), v128.load(next, 48));
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
