// float16 and bfloat16 rows that are contiguous (inner = 1): a piece of a row is converted into float32 scratch memory,
// summed and scaled there, and rounded into y. Rows longer than a piece are converted a second time.

import { CELL_BYTES } from './cells';
import { fromFloat32, toFloat32 } from './convert';
import { With, Without } from './dtype';
import { exactRow } from './exact-row';
import { alpha, beta, groups, isPlain, llama, outer, rstd, rstdOf, scratch, size, statSize, weightOffset, x, y } from './problem';
import { multiplyRow, scaleRow } from './scale';
import { sumSquares } from './sum';
import { PIECE, prepareWeights, weightBytes, weightsOf } from './weights';

export function rowBytes(size: u32): u32 {
  return (min(size, PIECE) * 4 + 15) & ~15;
}

export function rows16<T>(): void {
  prepareWeights();
  const bytes = <usize>size << 1;
  const rows = outer * groups;
  const values = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  let from = x;
  let to = y;
  let group: u32 = 0;
  for (let row: u32 = 0; row < rows; row++) {
    const feature = group * size;
    let sum: f64 = 0;
    // The last piece first, so that the first one is in scratch at the end.
    for (let at: u32 = ((size - 1) / PIECE) * PIECE; ; at -= PIECE) {
      toFloat32<T>(from + (<usize>at << 1), values, min(size - at, PIECE));
      if (at < statSize) sum += sumSquares(values, min(statSize - at, PIECE));
      if (at === 0) break;
    }
    let scale = rstdOf(sum);
    const r = alpha * scale;
    if (isPlain(sum, r)) {
      for (let at: u32 = 0; at < size; at += PIECE) {
        const count = min(size - at, PIECE);
        if (at) toFloat32<T>(from + (<usize>at << 1), values, count);
        const target = to + (<usize>at << 1);
        let factor = <f32>r;
        if (llama) {
          multiplyRow(values, count, factor);
          fromFloat32<T>(values, target, count);
          toFloat32<T>(target, values, count);
          factor = 1;
        }
        const w = weightsOf(feature + at, count);
        if (beta) scaleRow<With>(values, w, beta + (<usize>(feature + at) << 2), values, count, factor);
        else scaleRow<Without>(values, w, 0, values, count, factor);
        fromFloat32<T>(values, target, count);
      }
    } else {
      scale = exactRow<T>(from, to, 2, feature);
    }
    if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
    from += bytes;
    to += bytes;
    if (++group === groups) group = 0;
  }
}
