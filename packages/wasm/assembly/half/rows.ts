// float16 and bfloat16 rows that are contiguous (inner = 1).
//
// Some rows at a time: all are summed, then come the roots and quotients, then all are scaled. Nothing but these lies in
// memory in between. What is rare takes another way, each row through float32 scratch memory: rows with a beta (at half
// the speed) and other options, rows that are not plain or nearly overflow, and long ones. Both ways give the same bits.

import { CELL_BYTES } from '../elements/cells';
import { FLOAT16 } from '../elements/dtype';
import { FACTORS, FACTORS_BYTES, factorsOf, ROWS } from '../rows/factors';
import { forgetPacked, largestWeight, packedBytes, packedGroups, packedOf } from './packed-weights';
import { beta, firstGroup, gamma, given, groups, llama, rstd, scratch, size, slabs, statSize, weightOffset, x, y } from '../problem';
import { rowInPieces } from './row-in-pieces';
import { beyondCaches } from '../rows/rows';
import { dtype } from '../elements/runs';
import { scaleRows16 } from './scale';
import { sumRows16 } from './sum';
import { PIECE, weightBytes } from '../weights';

/**
 * At a time: so many elements, which a first-level cache holds beside their weights. Where it does not hold these, so many
 * that a second-level cache holds.
 */
const ELEMENTS: u32 = 4096;
/** Beyond the caches: what is scaled meanwhile hides the way of the next rows from memory. */
const FEW: u32 = 768;
const LONG: u32 = 2048;
const ELEMENTS_OF_LONG: u32 = 65536;

/** Weights below this are finite, and too small to make something of what underflowed. */
const LARGE: f64 = 1e15;

/** Sums and factors, and a row as float32 or packed weights. */
export function rowBytes(groups: u32, size: u32, weightOffset: f64): u32 {
  const row = (min(size, PIECE) * 4 + 15) & ~15;
  return FACTORS_BYTES + max(row, size > PIECE ? 0 : packedBytes(groups, size, weightOffset));
}

export function rows16(): void {
  const own = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  const table = own + FACTORS_BYTES;
  const bytes = <usize>size << 1;
  const together = !gamma || packedGroups() === groups;
  let fast = size <= PIECE && statSize === size && !beta && !llama && !given;
  if (fast && together) {
    packedOf(firstGroup, table);
    fast = largestWeight < LARGE;
  }
  const elements = size > LONG ? ELEMENTS_OF_LONG : size <= FEW && beyondCaches(slabs) ? FEW : ELEMENTS;
  const most = fast && together ? max(1, min(ROWS, elements / size)) : 1;
  let from = x;
  let to = y;
  let group = firstGroup;
  let alone: u32 = 0;
  for (let row: u32 = 0; row < slabs; ) {
    const rows: u32 = alone ? 1 : min(most, slabs - row);
    const statistics = rstd ? rstd + (<usize>row << 2) : 0;
    if (fast) sumRows16(from, size, rows, own);
    const w = fast ? packedOf(group, table) : 0;
    if (fast && largestWeight < LARGE && factorsOf(own, rows, statistics, dtype === FLOAT16)) {
      scaleRows16(from, to, own + FACTORS, rows, gamma ? group : 0, w, table);
    } else if (rows > 1) {
      alone = rows;
      continue;
    } else {
      forgetPacked();
      const scale = rowInPieces(from, to, row, group * size, table);
      if (statistics) store<f32>(statistics, <f32>scale);
    }
    if (alone) alone--;
    row += rows;
    from += rows * bytes;
    to += rows * bytes;
    group = (group + rows) % groups;
  }
}
