// forward of contiguous rows in float32, whatever the dtype: not rounded, but for x * r under 'llama'.

import { FLOAT32 } from '../elements/dtype';
import { normalize } from '../operations/forward';
import { beta, gamma, groups, llama, setPart, setWeights, size } from '../problem';
import { loadRun, storeRun } from '../elements/runs';
import { scalePiece } from './scale';
import { RUN } from '../operations/stages';
import { PIECE, prepareWeights } from '../weights';

/** `rows` of the call from `first` on, which stand at `from`. `rounding`: memory for RUN elements. */
export function normalizeTile(first: u32, rows: u32, from: usize, to: usize, rstd: usize, rounding: usize): void {
  const statistics = rstd ? rstd + (<usize>first << 2) : 0;
  const w = gamma;
  const b = beta;
  if (llama) {
    setWeights(0, 0);
    prepareWeights();
  }
  setPart(from, to, statistics, rows, first % groups);
  normalize(FLOAT32);
  if (!llama) return;
  setWeights(w, b);
  prepareWeights();
  round(to, rows * size, rounding);
  for (const end = first + rows; first < end; first++, to += <usize>size << 2) weigh(to, (first % groups) * size);
}

/** Rounds elements to the dtype. */
function round(p: usize, count: u32, rounding: usize): void {
  while (count > 0) {
    const length = min(count, RUN);
    storeRun(p, rounding, length);
    loadRun(rounding, p, length);
    p += <usize>length << 2;
    count -= length;
  }
}

/** Multiplies a row by the weights, and adds beta. */
function weigh(p: usize, feature: u32): void {
  for (let at: u32 = 0; at < size; at += PIECE) {
    const v = p + (<usize>at << 2);
    scalePiece(v, feature + at, v, min(size - at, PIECE), 1);
  }
}
