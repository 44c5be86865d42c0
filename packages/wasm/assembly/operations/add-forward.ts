// addForward: writes x + residual and normalizes it while a cache holds it. Contiguous float32 rows are added and summed in one loop;
// short or 16-bit ones are added in tiles, which are then normalized as in forward.

import { call, isFloat32 } from '../call';
import { normalizeStrips } from '../columns/strips';
import { addFloat32 } from '../elements/add';
import { RUN } from '../elements/runs';
import { batchRows, scaleSummed } from '../rows/batches';
import { normalizeRows } from '../rows/normalize';
import { beyondCaches, scaleRow } from '../rows/rows';
import { finishSum, promoteHigh, squaresOfFour } from '../rows/sum';
import { tileRows } from '../rows/tiles';
import { allWeightsAtOnce } from '../weights';
import { ADD, ENTER, moveRows, setStage } from './stages';

/** Shorter rows are faster in tiles, unless they exceed the caches. */
const SHORT: u32 = 128;

export function addForward(): void {
  const size = call.size;
  const rows = call.outer * call.groups;
  setStage(ADD, call.sum, call.y);
  if (call.inner > 1) {
    normalizeStrips();
    return;
  }
  if (isFloat32() && (size >= SHORT || beyondCaches(rows))) {
    addRows(rows);
    return;
  }
  const most = tileRows(1);
  for (let first: u32 = 0; first < rows; first += most) {
    const count = min(most, rows - first);
    const elements = count * size;
    const at = <usize>(first * size) << call.elementShift;
    for (let done: u32 = 0; done < elements; done += RUN) {
      moveRows(ENTER, at + (<usize>done << call.elementShift), call.operationMemory, 4, 1, min(RUN, elements - done));
    }
    const rstd = call.rstd ? call.rstd + (<usize>first << 2) : 0;
    normalizeRows(call.dtype, call.sum + at, call.y + at, rstd, count, first % call.groups);
  }
}

/** Elements of a batch: x, residual, sum and y of it lie in a first-level cache, even where they compete for the same places. */
const BATCH: u32 = 512;

/** Adds and normalizes float32 rows: short ones in batches, others one by one. */
function addRows(rows: u32): void {
  const bytes = <usize>call.size << 2;
  const most: u32 = allWeightsAtOnce() ? batchRows(BATCH) : 1;
  let x = call.x;
  let residual = call.residual;
  let sum = call.sum;
  let y = call.y;
  let group: u32 = 0;
  for (let row: u32 = 0; row < rows; row += most) {
    const batch = min(most, rows - row);
    const first = sum;
    let squares: f64 = 0;
    for (let i: u32 = 0; i < batch; i++, x += bytes, residual += bytes, sum += bytes) {
      squares = addSumSquares(x, residual, sum);
      if (most > 1) store<f64>(call.kernelMemory + (<usize>i << 3), squares);
    }
    if (most > 1) scaleSummed(row, batch, group, first, y, call.rstd, false);
    else scaleRow(row, group, first, y, call.rstd, squares);
    y += batch * bytes;
    group = (group + batch) % call.groups;
  }
}

/** to = a + b along a row. Returns the sum of the squares of `to`, with the bits of sumRow. */
function addSumSquares(a: usize, b: usize, to: usize): f64 {
  const statSize = call.statSize;
  const toB = b - a;
  const target = to - a;
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  for (const end = a + (<usize>(statSize & ~15) << 2); a < end; a += 64) {
    const p = a + toB;
    const q = a + target;
    const s0 = f32x4.add(v128.load(a), v128.load(p));
    const s1 = f32x4.add(v128.load(a, 16), v128.load(p, 16));
    const s2 = f32x4.add(v128.load(a, 32), v128.load(p, 32));
    const s3 = f32x4.add(v128.load(a, 48), v128.load(p, 48));
    v128.store(q, s0);
    v128.store(q, s1, 16);
    v128.store(q, s2, 32);
    v128.store(q, s3, 48);
    const squares = squaresOfFour(s0, s1, s2, s3);
    low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
    high = f64x2.add(high, promoteHigh(squares));
  }
  addFloat32(a, a + toB, a + target, call.size - (statSize & ~15));
  return finishSum(low, high, a + target, statSize & 15);
}
