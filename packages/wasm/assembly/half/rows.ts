// Contiguous float16 and bfloat16 rows (inner = 1).
//
// Most rows are done in batches. The rows of a batch are summed, then the factors of all of them are computed, then all are scaled;
// elements are converted in registers. All other rows go through float32 scratch memory one by one (row-in-pieces.ts), at half the speed:
// those with a beta or another rare option, those that do not fit float32 or nearly overflow, and long ones. Both ways give the same
// bits.

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

/** Elements of a batch. A first-level cache holds them and their weights. */
const ELEMENTS: u32 = 4096;
/** Elements of a batch of rows up to SHORT, beyond the caches: the processor fetches the next rows while it scales these. */
const SHORT: u32 = 768;
const ELEMENTS_OF_SHORT: u32 = 768;
/** Elements of a batch of rows longer than LONG, whose weights exceed a first-level cache: a second-level cache holds them. */
const LONG: u32 = 2048;
const ELEMENTS_OF_LONG: u32 = 65536;

/** Weights below this are finite, and too small to lift a product that underflowed above 0 again. */
const LARGE: f64 = 1e15;

/** Bytes of scratch memory: sums and factors of a batch, then packed weights or a piece as float32. */
export function rowBytes(): u32 {
  const row = (min(call.size, PIECE) * 4 + 15) & ~15;
  return FACTORS_BYTES + max(row, call.size > PIECE ? 0 : packedBytes());
}

/** The most rows of a batch. */
function batchRows(rows: u32): u32 {
  const size = call.size;
  const elements = size > LONG ? ELEMENTS_OF_LONG : size <= SHORT && beyondCaches(rows) ? ELEMENTS_OF_SHORT : ELEMENTS;
  return max(1, min(ROWS, elements / size));
}

/** Normalizes `rows` rows from `x` to `y`. The first is of group `group`, and its rstd goes to `rstd`, unless that is 0. */
export function rows16(x: usize, y: usize, rstd: usize, rows: u32, group: u32): void {
  const size = call.size;
  const sums = call.kernelMemory;
  const table = sums + FACTORS_BYTES;
  const bytes = <usize>size << 1;
  const together = !call.gamma || packedGroups() === call.groups;
  let fast = size <= PIECE && call.statSize === size && !call.beta && !call.roundsProducts && !sumsAreGiven();
  if (fast && together) {
    packedOf(group, table);
    fast = call.largestWeight < LARGE;
  }
  const most = fast && together ? batchRows(rows) : 1;
  // How many rows of a batch remain to be done one by one, as one of it did not fit.
  let alone: u32 = 0;
  for (let row: u32 = 0; row < rows; ) {
    const batch: u32 = alone ? 1 : min(most, rows - row);
    const rstdAt = rstd ? rstd + (<usize>row << 2) : 0;
    if (fast) sumRows16(x, size, batch, sums);
    const w = fast ? packedOf(group, table) : 0;
    if (fast && call.largestWeight < LARGE && factorsOf(sums, batch, sums + FACTORS, rstdAt, call.dtype === DType.float16) === batch) {
      scaleRows16(x, y, sums + FACTORS, batch, call.gamma ? group : 0, w, table);
    } else if (batch > 1) {
      alone = batch;
      continue;
    } else {
      forgetPacked();
      const rstdOfRow = rowInPieces(x, y, row, group * size, table);
      if (rstdAt) store<f32>(rstdAt, <f32>rstdOfRow);
    }
    if (alone) alone--;
    row += batch;
    x += batch * bytes;
    y += batch * bytes;
    group = (group + batch) % call.groups;
  }
}
