// float16 and bfloat16 rows that are contiguous (inner = 1).
//
// A batch of rows at a time: all of it is summed, then come the roots and quotients, then all is scaled. Nothing but these lies in
// memory in between. What is rare takes another way, each row through float32 scratch memory: rows with a beta (at half
// the speed) and other options, rows that do not fit float32 or nearly overflow, and long ones. Both ways give the same bits.

import { call } from '../call';
import { DType } from '../descriptor';
import { FACTORS, FACTORS_BYTES, factorsOf, ROWS } from '../rows/factors';
import { beyondCaches } from '../rows/rows';
import { sumsAreGiven } from '../statistic';
import { PIECE } from '../weights';
import { forgetPacked, packedBytes, packedGroups, packedOf } from './packed-weights';
import { rowInPieces } from './row-in-pieces';
import { scaleRows16 } from './scale';
import { sumRows16 } from './sum';

/** Elements of a batch, which a first-level cache holds beside their weights. */
const ELEMENTS: u32 = 4096;
/** Of rows of at most so many elements beyond the caches: what is scaled meanwhile hides the way of the next rows from memory. */
const FEW: u32 = 768;
/** Of rows longer than this, whose weights it does not hold: so many that a second-level cache holds. */
const LONG: u32 = 2048;
const ELEMENTS_OF_LONG: u32 = 65536;

/** Weights below this are finite, and too small to make something of what underflowed. */
const LARGE: f64 = 1e15;

/** Scratch memory: sums and factors, and behind them a row as float32, or packed weights. */
export function rowBytes(): u32 {
  const row = (min(call.size, PIECE) * 4 + 15) & ~15;
  return FACTORS_BYTES + max(row, call.size > PIECE ? 0 : packedBytes());
}

/** The most rows of a batch. */
function batchRows(rows: u32): u32 {
  const size = call.size;
  const elements = size > LONG ? ELEMENTS_OF_LONG : size <= FEW && beyondCaches(rows) ? FEW : ELEMENTS;
  return max(1, min(ROWS, elements / size));
}

/** Normalizes `rows` rows from `x` to `y`, the first of which is of group `group`; `rstd` is that row's, or 0. */
export function rows16(x: usize, y: usize, rstd: usize, rows: u32, group: u32): void {
  const size = call.size;
  const sums = call.kernel;
  const table = sums + FACTORS_BYTES;
  const bytes = <usize>size << 1;
  const together = !call.gamma || packedGroups() === call.groups;
  let fast = size <= PIECE && call.statSize === size && !call.beta && !call.roundsProducts && !sumsAreGiven();
  if (fast && together) {
    packedOf(group, table);
    fast = call.largestWeight < LARGE;
  }
  const most = fast && together ? batchRows(rows) : 1;
  /** Rows of a batch that are done one by one, as not all of them fit. */
  let alone: u32 = 0;
  for (let row: u32 = 0; row < rows; ) {
    const batch: u32 = alone ? 1 : min(most, rows - row);
    const statistics = rstd ? rstd + (<usize>row << 2) : 0;
    if (fast) sumRows16(x, size, batch, sums);
    const w = fast ? packedOf(group, table) : 0;
    if (fast && call.largestWeight < LARGE && factorsOf(sums, batch, sums + FACTORS, statistics, call.dtype === DType.float16) === batch) {
      scaleRows16(x, y, sums + FACTORS, batch, call.gamma ? group : 0, w, table);
    } else if (batch > 1) {
      alone = batch;
      continue;
    } else {
      forgetPacked();
      const scale = rowInPieces(x, y, row, group * size, table);
      if (statistics) store<f32>(statistics, <f32>scale);
    }
    if (alone) alone--;
    row += batch;
    x += batch * bytes;
    y += batch * bytes;
    group = (group + batch) % call.groups;
  }
}
