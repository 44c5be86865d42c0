// sumSquares: the sums of forward, as float32.

import { sumColumns } from './columns';
import { FLOAT32 } from './dtype';
import { exactSum } from './exact-row';
import { isInRange, size } from './problem';
import { dtype, shift } from './runs';
import { sumSquares } from './sum';
import { column, count, isContiguous, loadTile, nextTile, pitch, slab, startTiles, tileIn, width } from './tiles';

/** @param columns memory for `width` float64 numbers. @param tile memory for a tile */
export function sumTiles(x: usize, sums: usize, columns: usize, tile: usize): void {
  startTiles(1);
  while (nextTile()) {
    const direct = dtype === FLOAT32 && isContiguous();
    if (!direct) loadTile(x, tile);
    let from = direct ? tileIn(x) : tile;
    let original = tileIn(x);
    let to = sums + ((<usize>slab * pitch + column) << 2);
    for (let s: u32 = 0; s < count; s++) {
      memory.fill(columns, 0, <usize>((width + 3) & ~3) << 3);
      if (width === 1) store<f64>(columns, sumSquares(from, size));
      else sumColumns(from, <usize>width << 2, width, size, columns);
      for (let c: u32 = 0; c < width; c++, to += 4) {
        let sum = load<f64>(columns + (<usize>c << 3));
        if (!isInRange(sum)) sum = exactSum(dtype, original + (<usize>c << shift()), <usize>pitch << shift());
        store<f32>(to, <f32>sum);
      }
      from += (<usize>size * width) << 2;
      original += (<usize>size * pitch) << shift();
    }
  }
}
