// addForward: a tile of sums is written, and normalized while it is in a cache, by forward itself. Contiguous float32 rows
// are tiles of one row each, whose squares are summed on the way.

import { FLOAT32, With, Without } from './dtype';
import { normalize } from './forward';
import { beta, groups, inner, outer, setPart, size, statSize } from './problem';
import { beyondCaches, finishRow } from './rows';
import { dtype, loadRun, shift, storeRun } from './runs';
import { finishSum, promoteHigh, sumOfSquares } from './sum';
import { column, count, isContiguous, nextRun, nextTile, pitch, RUN, runAt, runIn, runLength, slab, startRuns, startTiles, tileIn, width } from './tiles';

/** Rows below this are faster in tiles, as long as all lies in a cache. */
const SHORT: u32 = 128;

/** @param own float32 memory for two runs. @param dense memory for a tile that is not contiguous, in the tensors' dtype */
export function addTiles(x: usize, residual: usize, sum: usize, y: usize, rstd: usize, own: usize, dense: usize): void {
  if (dtype === FLOAT32 && inner === 1 && (size >= SHORT || beyondCaches(outer * groups))) {
    addRows(x, residual, sum, y, rstd);
    return;
  }
  const first = own;
  const second = own + (<usize>RUN << 2);
  startTiles(1);
  while (nextTile()) {
    const contiguous = isContiguous();
    startRuns(RUN);
    while (nextRun()) {
      const at = runAt << shift();
      if (dtype === FLOAT32) {
        addFloat32(x + at, residual + at, sum + at, runLength);
      } else {
        // Rounded to float32 first: its 24 bits are enough that nothing changes.
        loadRun(x + at, first, runLength);
        loadRun(residual + at, second, runLength);
        addFloat32(first, second, first, runLength);
        storeRun(first, sum + at, runLength);
      }
      if (!contiguous) memory.copy(dense + (runIn << shift()), sum + at, <usize>runLength << shift());
    }
    const statistics = rstd ? rstd + ((<usize>slab * pitch + column) << 2) : 0;
    const from = contiguous ? tileIn(sum) : dense;
    setPart(from, contiguous ? tileIn(y) : dense, statistics, count, slab % groups, width);
    normalize(dtype);
    if (contiguous) continue;
    startRuns(RUN);
    while (nextRun()) {
      memory.copy(y + (runAt << shift()), dense + (runIn << shift()), <usize>runLength << shift());
    }
  }
}

function addRows(x: usize, residual: usize, sum: usize, y: usize, rstd: usize): void {
  const rows = outer * groups;
  const bytes = <usize>size << 2;
  setPart(sum, y, rstd, rows, 0, 1);
  let feature: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, x += bytes, residual += bytes, sum += bytes, y += bytes) {
    const squares = addSumSquares(x, residual, sum);
    if (beta) finishRow<With>(row, feature, sum, y, squares);
    else finishRow<Without>(row, feature, sum, y, squares);
    feature += size;
    if (feature === groups * size) feature = 0;
  }
}

/** to = a + b along a row, and the sum of to's squares, bit for bit sumSquares'. */
function addSumSquares(a: usize, b: usize, to: usize): f64 {
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
    const squares = sumOfSquares(s0, s1, s2, s3);
    low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
    high = f64x2.add(high, promoteHigh(squares));
  }
  addFloat32(a, a + toB, a + target, size - (statSize & ~15));
  return finishSum(low, high, a + target, statSize & 15);
}

export function addFloat32(a: usize, b: usize, to: usize, count: u32): void {
  const end = to + (<usize>count << 2);
  for (const blocks = to + (<usize>(count & ~15) << 2); to < blocks; a += 64, b += 64, to += 64) {
    const s0 = f32x4.add(v128.load(a), v128.load(b));
    const s1 = f32x4.add(v128.load(a, 16), v128.load(b, 16));
    const s2 = f32x4.add(v128.load(a, 32), v128.load(b, 32));
    const s3 = f32x4.add(v128.load(a, 48), v128.load(b, 48));
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; to + 16 <= end; a += 16, b += 16, to += 16) v128.store(to, f32x4.add(v128.load(a), v128.load(b)));
  for (; to < end; a += 4, b += 4, to += 4) store<f32>(to, load<f32>(a) + load<f32>(b));
}
