// addForward: sums are written, and normalized while they are in a cache. Contiguous rows are done in tiles, by forward
// itself, and float32 ones one by one, the squares summed on the way.

import { addFloat32 } from '../elements/add';
import { FLOAT32 } from '../elements/dtype';
import { normalize } from './forward';
import { groups, inner, outer, setPart, size, statSize } from '../problem';
import { beyondCaches, finishRow } from '../rows/rows';
import { dtype, shift } from '../elements/runs';
import { ADD, ENTER, pass, RUN, setOther, setStage } from './stages';
import { strips } from '../columns/strips';
import { finishSum, promoteHigh, sumOfSquares } from '../rows/sum';
import { count, first, nextTile, startTiles } from '../rows/tiles';

/** Rows below this are faster in tiles, as long as all lies in a cache. */
const SHORT: u32 = 128;

/** @param own float32 memory for two runs, where inner = 1 */
export function addForward(x: usize, residual: usize, sum: usize, y: usize, rstd: usize, own: usize): void {
  setStage(ADD, x, residual, sum, y);
  if (inner > 1) {
    setPart(sum, y, rstd, outer * groups, 0);
    strips();
    return;
  }
  if (dtype === FLOAT32 && (size >= SHORT || beyondCaches(outer * groups))) {
    addRows(x, residual, sum, y, rstd);
    return;
  }
  setOther(own);
  startTiles();
  while (nextTile(1)) {
    const at = <usize>(first * size) << shift();
    for (let done: u32 = 0; done < count * size; done += RUN) {
      pass(ENTER, at + (<usize>done << shift()), own + (<usize>RUN << 2), 4, 1, min(RUN, count * size - done));
    }
    setPart(sum + at, y + at, rstd ? rstd + (<usize>first << 2) : 0, count, first % groups);
    normalize(dtype);
  }
}

function addRows(x: usize, residual: usize, sum: usize, y: usize, rstd: usize): void {
  const rows = outer * groups;
  const bytes = <usize>size << 2;
  setPart(sum, y, rstd, rows, 0);
  let feature: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, x += bytes, residual += bytes, sum += bytes, y += bytes) {
    const squares = addSumSquares(x, residual, sum);
    finishRow(row, feature, sum, y, squares);
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
