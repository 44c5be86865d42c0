// One row of float16 or bfloat16 with any option and any values. A piece of it is converted into float32 scratch memory, summed and
// scaled there, and rounded into y. Rows longer than a piece are converted twice.

import { call } from '../call';
import { DType } from '../descriptor';
import { loadRun, storeRun } from '../elements/runs';
import { TAIL } from '../elements/spill';
import { rowInFloat64 } from '../rows/float64-row';
import { multiply, scalePiece } from '../rows/scale';
import { sumRow } from '../rows/sum';
import { fitsFloat32, givenSum, rstdOf, sumsAreGiven } from '../statistic';
import { PIECE } from '../weights';
import { SPECIAL, sumRows16 } from './sum';

/** The sum of squares of `count` elements at `p`, which are also at `values` as float32. */
function sumOf(p: usize, values: usize, count: u32): f64 {
  const result = call.scratch + TAIL;
  sumRows16(p, count, 1, result);
  const sum = load<f64>(result);
  return call.dtype === DType.float16 && !(sum < SPECIAL) ? sumRow(values, count) : sum;
}

/** `row` is the row's index in sums, `feature` its first one in gamma and beta, `values` memory for a piece. Returns rstd. */
export function rowInPieces(from: usize, to: usize, row: u32, feature: u32, values: usize): f64 {
  const size = call.size;
  const statSize = call.statSize;
  const rounds = call.roundsProducts;
  const given = sumsAreGiven();
  let sum: f64 = 0;
  // From the last piece to the first, which then is in scratch memory for scaling.
  for (let at: u32 = ((size - 1) / PIECE) * PIECE; ; at -= PIECE) {
    const piece = from + (<usize>at << 1);
    loadRun(piece, values, min(size - at, PIECE));
    if (at < statSize && !given) sum += sumOf(piece, values, min(statSize - at, PIECE));
    if (at === 0) break;
  }
  if (given) sum = givenSum(row);
  const rstd = rstdOf(sum);
  const r = call.alpha * rstd;
  if (!fitsFloat32(sum, r)) return rowInFloat64(call.dtype, from, to, 2, row, feature);
  for (let at: u32 = 0; at < size; at += PIECE) {
    const count = min(size - at, PIECE);
    if (at) loadRun(from + (<usize>at << 1), values, count);
    const target = to + (<usize>at << 1);
    let factor = <f32>r;
    if (rounds) {
      // 'llama': x * r is rounded to x's dtype, by way of y, before the weight multiplies it.
      multiply(values, count, factor);
      storeRun(values, target, count);
      loadRun(target, values, count);
      factor = 1;
    }
    scalePiece(values, feature + at, values, count, factor);
    storeRun(values, target, count);
  }
  return rstd;
}
