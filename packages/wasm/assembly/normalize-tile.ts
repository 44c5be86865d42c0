// forward of one tile in float32, whatever the dtype: not rounded, but for x * r under 'llama'.


import { FLOAT32, With, Without } from './dtype';
import { normalize } from './forward';
import { beta, gamma, groups, llama, setPart, setWeights, size } from './problem';
import { loadRun, storeRun } from './runs';
import { scaleRow } from './scale';
import { column, count, pitch, RUN, slab, width } from './tiles';
import { PIECE, prepareWeights, weightsOf } from './weights';

/** `rounding`: memory for RUN elements. */
export function normalizeTile(from: usize, to: usize, rstd: usize, rounding: usize): void {
  const statistics = rstd ? rstd + ((<usize>slab * pitch + column) << 2) : 0;
  const w = gamma;
  const b = beta;
  if (llama) {
    setWeights(0, 0);
    prepareWeights();
  }
  setPart(from, to, statistics, count, slab % groups, width);
  normalize(FLOAT32);
  if (!llama) return;
  setWeights(w, b);
  prepareWeights();
  round(to, rounding);
  for (let s: u32 = 0; s < count; s++, to += (<usize>size * width) << 2) weigh(to, ((slab + s) % groups) * size);
}

/** Rounds the tile to the dtype. */
function round(p: usize, rounding: usize): void {
  for (let rest = count * size * width; rest > 0; ) {
    const length = min(rest, RUN);
    storeRun(p, rounding, length);
    loadRun(rounding, p, length);
    p += <usize>length << 2;
    rest -= length;
  }
}

/** Multiplies the rows of a slab by the weights, and adds beta. */
function weigh(p: usize, feature: u32): void {
  if (width === 1) {
    for (let at: u32 = 0; at < size; at += PIECE) {
      const length = min(size - at, PIECE);
      const w = weightsOf(feature + at, length);
      const v = p + (<usize>at << 2);
      if (beta) scaleRow<With>(v, w, beta + (<usize>(feature + at) << 2), v, length, 1);
      else scaleRow<Without>(v, w, 0, v, length, 1);
    }
    return;
  }
  for (let i: u32 = 0; i < size; i++) {
    const w = load<f32>(weightsOf(feature + i, 1));
    const b = beta ? load<f32>(beta + (<usize>(feature + i) << 2)) : 0;
    for (const end = p + (<usize>width << 2); p < end; p += 4) store<f32>(p, load<f32>(p) * w + b);
  }
}
