// Contiguous float32 rows, a batch at a time: all of it is summed, then come the roots and quotients, then all is scaled. A
// row's bits are those of rows.ts.

import { call } from '../call';
import { has, With, Without } from '../elements/generic';
import { weightsOf } from '../weights';
import { FACTORS, factorsOf, ROWS } from './factors';
import { scaleOne } from './rows';
import { scaleLine, scaleRest, scaleRows } from './scale';
import { promoteHigh, storeSum, sumOfSquares, sumRows } from './sum';

/** Of a batch, unless a row has more: a first-level cache holds as many of x, of the next x, of y and of the weights. */
const ELEMENTS: u32 = 2048;

/**
 * All rows, whose weights are in memory at once. Where the host asks for it a batch is scaled while the next is summed; not where
 * only a part of a row is summed, as one loop does both for each element.
 */
export function rowBatches(x: usize, y: usize, rstd: usize, rows: u32, group: u32): void {
  const sums = call.kernel;
  const size = call.size;
  const groups = call.groups;
  const bytes = <usize>size << 2;
  const most = max(1, min(ROWS, ELEMENTS / size));
  const interleaved = call.interleaved !== 0 && call.statSize === size;
  let summed = false;
  for (let row: u32 = 0; row < rows; ) {
    const batch = min(most, rows - row);
    if (!summed) sumRows(x, bytes, call.statSize, batch, sums);
    summed = false;
    if (factorsOf(sums, batch, sums + FACTORS, rstd ? rstd + (<usize>row << 2) : 0, false) === batch) {
      summed = interleaved && row + 2 * most <= rows;
      if (call.beta) scaleBatch<With>(x, y, batch, group, summed);
      else scaleBatch<Without>(x, y, batch, group, summed);
    } else {
      for (let i: u32 = 0; i < batch; i++) {
        const offset = i * bytes;
        scaleOne(row + i, (group + i) % groups, x + offset, y + offset, rstd, load<f64>(sums + (<usize>i << 3)));
      }
    }
    row += batch;
    x += batch * bytes;
    y += batch * bytes;
    group = (group + batch) % groups;
  }
}

function scaleBatch<Beta>(x: usize, y: usize, rows: u32, group: u32, sumNext: bool): void {
  const size = call.size;
  const w = weightsOf(0, size);
  const ofGroup: usize = call.gamma ? <usize>size << 2 : 0;
  if (sumNext) scaleRowsSumNext<Beta>(x, y, rows, w, ofGroup, group);
  else scaleRows<Beta>(x, y, call.kernel + FACTORS, rows, size, w, ofGroup, call.beta, group, call.groups);
}

/**
 * scaleRows, and sumRows of as many rows behind them, in one loop: reading and writing memory overlap, and so do multiplying
 * and adding.
 */
function scaleRowsSumNext<Beta>(x: usize, y: usize, rows: u32, w: usize, ofGroup: usize, group: u32): void {
  const size = call.size;
  const groups = call.groups;
  const beta = call.beta;
  const bytes = <usize>size << 2;
  const toY = y - x;
  const toNext = rows * bytes;
  const rest = size & 15;
  let sums = call.kernel;
  let factors = sums + FACTORS;
  for (const last = sums + (<usize>rows << 3); sums < last; sums += 8, factors += 4) {
    const r = v128.load32_splat(factors);
    const end = x + bytes;
    const toW = w + group * ofGroup - x;
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
