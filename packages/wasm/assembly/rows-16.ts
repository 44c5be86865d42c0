// float16 and bfloat16 rows that are contiguous (inner = 1).

import { CELL_BYTES } from './cells';
import { BFloat16, FLOAT16, Float16 } from './dtype';
import { finiteRows16, ROWS_BYTES } from './finite-rows-16';
import { beta, firstGroup, given, groups, llama, rstd, scratch, size, slabs, statSize, weightOffset, x, y } from './problem';
import { forgetPacked, packedBytes } from './packed-16';
import { rowInPieces } from './row-in-pieces';
import { dtype } from './runs';
import { PIECE, weightBytes } from './weights';

/** A row as float32, or packed weights. */
export function rowBytes(groups: u32, size: u32, weightOffset: f64): u32 {
  const row = (min(size, PIECE) * 4 + 15) & ~15;
  return size > PIECE ? row : ROWS_BYTES + max(row, packedBytes(groups, size, weightOffset));
}

export function rows16(): void {
  const values = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  if (size > PIECE || statSize !== size || beta || llama || given) rowsInPieces(values);
  else if (dtype === FLOAT16) finiteRows16<Float16>(values);
  else finiteRows16<BFloat16>(values);
}

function rowsInPieces(values: usize): void {
  forgetPacked();
  const bytes = <usize>size << 1;
  let from = x;
  let to = y;
  let group = firstGroup;
  for (let row: u32 = 0; row < slabs; row++) {
    const scale = rowInPieces(from, to, row, group * size, values);
    if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
    from += bytes;
    to += bytes;
    if (++group === groups) group = 0;
  }
}
