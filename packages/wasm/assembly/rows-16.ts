// float16 and bfloat16 rows that are contiguous (inner = 1).

import { CELL_BYTES } from './cells';
import { BFloat16, FLOAT16, Float16 } from './dtype';
import { rows16At, ROWS_BYTES } from './finite-rows-16';
import { beta, firstGroup, given, groups, llama, rstd, scratch, size, slabs, statSize, weightOffset, x, y } from './problem';
import { forgetPacked, packedBytes } from './packed-16';
import { rowInPieces } from './row-in-pieces';
import { dtype } from './runs';
import { PIECE, weightBytes } from './weights';

/** A row as float32, or packed weights. */
export function rowBytes(groups: u32, size: u32, weightOffset: f64): u32 {
  const row = (min(size, PIECE) * 4 + 15) & ~15;
  return ROWS_BYTES + max(row, size > PIECE ? 0 : packedBytes(groups, size, weightOffset));
}

export function rows16(): void {
  rows16At(scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset));
}
