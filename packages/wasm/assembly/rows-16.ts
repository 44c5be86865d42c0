// float16 and bfloat16 rows that are contiguous (inner = 1): a piece of a row is converted into float32 scratch memory,
// summed and scaled there, and rounded into y. Rows longer than a piece are converted a second time.

import { CELL_BYTES } from './cells';
import { With, Without } from './dtype';
import { exactRow } from './exact-row';
import { alpha, beta, firstGroup, given, groups, isPlain, llama, rstd, rstdOf, scratch, size, slabs, statSize, weightOffset, x, y } from './problem';
import { dtype, loadRun, storeRun } from './runs';
import { multiplyRow, scaleRow } from './scale';
import { sumSquares } from './sum';
import { PIECE, weightBytes, weightsOf } from './weights';

export function rowBytes(size: u32): u32 {
  return (min(size, PIECE) * 4 + 15) & ~15;
}

export function rows16(): void {
  const bytes = <usize>size << 1;
  const rows = slabs;
  const values = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  let from = x;
  let to = y;
  let group = firstGroup;
  for (let row: u32 = 0; row < rows; row++) {
    const feature = group * size;
    let sum: f64 = 0;
    // The last piece first, so that the first one is in scratch at the end.
    for (let at: u32 = ((size - 1) / PIECE) * PIECE; ; at -= PIECE) {
      loadRun(from + (<usize>at << 1), values, min(size - at, PIECE));
      if (at < statSize) sum += sumSquares(values, min(statSize - at, PIECE));
      if (at === 0) break;
    }
    if (given) sum = <f64>load<f32>(given + (<usize>row << 2));
    let scale = rstdOf(sum);
    const r = alpha * scale;
    if (isPlain(sum, r)) {
      for (let at: u32 = 0; at < size; at += PIECE) {
        const count = min(size - at, PIECE);
        if (at) loadRun(from + (<usize>at << 1), values, count);
        const target = to + (<usize>at << 1);
        let factor = <f32>r;
        if (llama) {
          multiplyRow(values, count, factor);
          storeRun(values, target, count);
          loadRun(target, values, count);
          factor = 1;
        }
        const w = weightsOf(feature + at, count);
        if (beta) scaleRow<With>(values, w, beta + (<usize>(feature + at) << 2), values, count, factor);
        else scaleRow<Without>(values, w, 0, values, count, factor);
        storeRun(values, target, count);
      }
    } else {
      scale = exactRow(dtype, from, to, 2, row, feature);
    }
    if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
    from += bytes;
    to += bytes;
    if (++group === groups) group = 0;
  }
}
