// float32 rows that are contiguous (inner = 1).

import { Float32, With, Without } from './dtype';
import { exactRow } from './exact-row';
import { alpha, beta, groups, isPlain, outer, rstd, rstdOf, size, statSize, x, y } from './problem';
import { scaleRow, scaleRowSumNext } from './scale';
import { sumSquares } from './sum';
import { PIECE, prepareWeights, weightsOf } from './weights';

/** Where x and y together are larger than this, rows are scaled while the next one is summed. */
const CACHED_BYTES: u64 = 1 << 19;

export function float32Rows(): void {
  prepareWeights();
  if (beta) run<With>();
  else run<Without>();
}

function run<Beta>(): void {
  const bytes = (<usize>size) << 2;
  const rows = outer * groups;
  const pipelined = size <= PIECE && <u64>rows * bytes * 2 > CACHED_BYTES;
  let from = x;
  let to = y;
  let group: u32 = 0;
  let sum = sumSquares(from, statSize);
  for (let row: u32 = 0; row < rows; row++) {
    let scale = rstdOf(sum);
    const r = alpha * scale;
    const more = row + 1 < rows;
    const feature = group * size;
    if (!isPlain(sum, r)) {
      scale = exactRow<Float32>(from, to, 4, feature);
      if (more) sum = sumSquares(from + bytes, statSize);
    } else if (pipelined && more) {
      const w = weightsOf(feature, size);
      sum = scaleRowSumNext<Beta>(from, w, beta + ((<usize>feature) << 2), to, size, <f32>r, statSize);
    } else {
      for (let at: u32 = 0; at < size; at += PIECE) {
        const count = min(size - at, PIECE);
        const w = weightsOf(feature + at, count);
        const offset = (<usize>at) << 2;
        scaleRow<Beta>(from + offset, w, beta + ((<usize>(feature + at)) << 2), to + offset, count, <f32>r);
      }
      if (more) sum = sumSquares(from + bytes, statSize);
    }
    if (rstd) store<f32>(rstd + ((<usize>row) << 2), <f32>scale);
    from += bytes;
    to += bytes;
    if (++group === groups) group = 0;
  }
}
