// One row of float16 or bfloat16, whatever it holds: a piece of it is converted into float32 scratch memory, summed and
// scaled there, and rounded into y. Rows longer than a piece are converted a second time.

import { TAIL } from '../elements/cells';
import { FLOAT16 } from '../elements/dtype';
import { exactRow } from '../rows/exact-row';
import { alpha, given, isPlain, llama, rstdOf, scratch, size, statSize } from '../problem';
import { dtype, loadRun, storeRun } from '../elements/runs';
import { multiplyRow, scalePiece } from '../rows/scale';
import { sumSquares } from '../rows/sum';
import { SPECIAL, sumRows16 } from './sum';
import { PIECE } from '../weights';

/** The sum of squares of `count` elements at `p`, and as float32 at `values`. */
function sumOf(p: usize, values: usize, count: u32): f64 {
  const cell = scratch + TAIL;
  sumRows16(p, count, 1, cell);
  const sum = load<f64>(cell);
  return dtype === FLOAT16 && !(sum < SPECIAL) ? sumSquares(values, count) : sum;
}

/**
 * `row` is the row's index in rstd, `feature` its first in gamma and beta, `values` where a piece fits. Returns r / alpha.
 */
export function rowInPieces(from: usize, to: usize, row: u32, feature: u32, values: usize): f64 {
  let sum: f64 = 0;
  // The last piece first, so that the first one is in scratch at the end.
  for (let at: u32 = ((size - 1) / PIECE) * PIECE; ; at -= PIECE) {
    loadRun(from + (<usize>at << 1), values, min(size - at, PIECE));
    if (at < statSize) sum += sumOf(from + (<usize>at << 1), values, min(statSize - at, PIECE));
    if (at === 0) break;
  }
  if (given) sum = <f64>load<f32>(given + (<usize>row << 2));
  const scale = rstdOf(sum);
  const r = alpha * scale;
  if (!isPlain(sum, r)) return exactRow(dtype, from, to, 2, row, feature);
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
    scalePiece(values, feature + at, values, count, factor);
    storeRun(values, target, count);
  }
  return scale;
}
