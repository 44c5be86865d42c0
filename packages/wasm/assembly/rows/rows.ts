// float32 rows that are contiguous (inner = 1).
//
// What limits is memory, then the number of instructions. Rows are done in batches, see row-batches.ts, but for what is
// rare: rows longer than a piece, one alone, given sums, and weights that are made again for each row.

import { FLOAT32, With, Without } from '../elements/dtype';
import { exactRow } from './exact-row';
import { alpha, beta, firstGroup, given, groups, isPlain, rstd, rstdOf, size, slabs, statSize, x, y } from '../problem';
import { rowBatches } from './batches';
import { scalePiece } from './scale';
import { sumSquares } from './sum';
import { PIECE, weightsStand } from '../weights';

/** Bytes of x and y together that are taken to lie in a cache. */
const CACHED: u64 = 1 << 22;

/** Whether x and y of so many rows lie in no cache together. */
export function beyondCaches(rows: u32): bool {
  return <u64>rows * size * 8 > CACHED;
}

let apart: bool = false;

/** Whether rows are summed and scaled in turn, instead of being scaled while the next are summed. */
export function setApart(apart_: bool): void {
  apart = apart_;
}

export function float32Rows(): void {
  if (slabs === 1 || size > PIECE || given || !weightsStand()) oneByOne();
  else if (beta) rowBatches<With>(apart);
  else rowBatches<Without>(apart);
}

function oneByOne(): void {
  const bytes = <usize>size << 2;
  let from = x;
  let to = y;
  let group = firstGroup % groups;
  for (let row: u32 = 0; row < slabs; row++, from += bytes, to += bytes) {
    const sum = given ? <f64>load<f32>(given + (<usize>row << 2)) : sumSquares(from, statSize);
    finishRow(row, group * size, from, to, sum);
    if (++group === groups) group = 0;
  }
}

/** Scales one row whose squares add up to `sum`. */
export function finishRow(row: u32, feature: u32, from: usize, to: usize, sum: f64): void {
  let scale = rstdOf(sum);
  const r = alpha * scale;
  if (isPlain(sum, r)) {
    for (let at: u32 = 0; at < size; at += PIECE) {
      const offset = <usize>at << 2;
      scalePiece(from + offset, feature + at, to + offset, min(size - at, PIECE), <f32>r);
    }
  } else {
    scale = exactRow(FLOAT32, from, to, 4, row, feature);
  }
  if (rstd) store<f32>(rstd + (<usize>row << 2), <f32>scale);
}
