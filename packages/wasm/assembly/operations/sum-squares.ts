// sumSquares: sums of squares as float32, of 16-bit rows in the order of float32 ones.

import { FLOAT32 } from '../elements/dtype';
import { exactSum } from '../rows/exact-row';
import { groups, endColumn, firstColumn, inner, isInRange, outer, setPart, size } from '../problem';
import { dtype, loadRun, shift } from '../elements/runs';
import { offsetOf, startStrips, sums as sumsOfColumns, sumStrip, values, width } from '../columns/strips';
import { sumSquares as sumRow } from '../rows/sum';
import { count, first, nextTile, startTiles } from '../rows/tiles';

/** @param tile memory for a tile, where inner = 1 */
export function sumSquares(x: usize, sums: usize, tile: usize): void {
  if (inner > 1) {
    setPart(x, 0, 0, outer * groups, 0);
    startStrips();
    for (let slab: u32 = 0; slab < outer * groups; slab++) {
      for (let column = firstColumn; column < endColumn; column += width) {
        const columns = min(width, endColumn - column);
        const at = offsetOf(slab, column);
        sumStrip(at, columns, values);
        let from = sumsOfColumns;
        let to = sums + (<usize>(slab * inner + column) << 2);
        for (let original = x + at, end = original + (<usize>columns << shift()); original < end; original += <usize>1 << shift()) {
          storeSum(load<f64>(from), original, to);
          from += 8;
          to += 4;
        }
      }
    }
    return;
  }
  startTiles();
  while (nextTile(1)) {
    const bytes = <usize>size << shift();
    let original = x + first * bytes;
    let from = original;
    if (dtype !== FLOAT32) {
      loadRun(original, tile, count * size);
      from = tile;
    }
    for (let row: u32 = 0; row < count; row++, from += <usize>size << 2, original += bytes) {
      storeSum(sumRow(from, size), original, sums + (<usize>(first + row) << 2));
    }
  }
}

function storeSum(sum: f64, x: usize, to: usize): void {
  store<f32>(to, <f32>(isInRange(sum) ? sum : exactSum(dtype, x, <usize>inner << shift())));
}
