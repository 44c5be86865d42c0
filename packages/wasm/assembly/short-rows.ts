// Short float32 rows that are contiguous (inner = 1), without a beta: some rows at a time are summed, then come the roots
// and quotients, then the rows are scaled, each in one loop over all of them. A row's bits are those of rows.ts.

import { CELL_BYTES } from './cells';
import { Without } from './dtype';
import { FACTORS, factorsOf, ROWS } from './factors';
import { firstGroup, groups, rstd, scratch, size, slabs, statSize, weightOffset, x, y } from './problem';
import { finishRow } from './rows';
import { finishSum, promoteHigh, sumOfSquares } from './sum';
import { weightBytes, weightsOf } from './weights';

/** At a time. */
const ELEMENTS: u32 = 2048;

/** All rows. The weights of all groups stand behind one another, `kinds` of them. */
export function shortRows(kinds: u32): void {
  const own = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  const bytes = <usize>size << 2;
  let from = x;
  let to = y;
  let group = firstGroup % kinds;
  for (let row: u32 = 0; row < slabs; ) {
    const rows: u32 = min(min(ROWS, ELEMENTS / size), slabs - row);
    sumRows(from, rows, own);
    if (factorsOf(own, rows, rstd ? rstd + (<usize>row << 2) : 0, false)) {
      scaleRows(from, to, own + FACTORS, rows, group, kinds);
    } else {
      for (let i: u32 = 0; i < rows; i++) {
        finishRow<Without>(row + i, ((group + i) % kinds) * size, from + i * bytes, to + i * bytes, load<f64>(own + (<usize>i << 3)));
      }
    }
    row += rows;
    from += rows * bytes;
    to += rows * bytes;
    group = (group + rows) % kinds;
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
    const both = f64x2.add(low, high);
    store<f64>(to, rest ? finishSum(low, high, p, rest) : f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1));
    p = next;
  }
}

// @ts-ignore: decorator
@inline
function scaled(v: v128, r: v128, w: v128): v128 {
  return f32x4.mul(f32x4.mul(v, r), w);
}

function scaleRows(x: usize, y: usize, factors: usize, rows: u32, group: u32, kinds: u32): void {
  const first = weightsOf(0, size);
  const toY = y - x;
  let w = first + (<usize>(group * size) << 2);
  for (const last = factors + (<usize>rows << 2); factors < last; factors += 4) {
    const r = v128.load32_splat(factors);
    const toW = w - x;
    const end = x + (<usize>size << 2);
    for (const blocks = x + (<usize>(size & ~15) << 2); x < blocks; x += 64) {
      const wx = x + toW;
      const yx = x + toY;
      v128.store(yx, scaled(v128.load(x), r, v128.load(wx)));
      v128.store(yx, scaled(v128.load(x, 16), r, v128.load(wx, 16)), 16);
      v128.store(yx, scaled(v128.load(x, 32), r, v128.load(wx, 32)), 32);
      v128.store(yx, scaled(v128.load(x, 48), r, v128.load(wx, 48)), 48);
    }
    for (; x + 16 <= end; x += 16) v128.store(x + toY, scaled(v128.load(x), r, v128.load(x + toW)));
    for (; x < end; x += 4) store<f32>(x + toY, load<f32>(x) * load<f32>(factors) * load<f32>(x + toW));
    w = end + toW;
    if (++group === kinds) {
      group = 0;
      w = first;
    }
  }
}
