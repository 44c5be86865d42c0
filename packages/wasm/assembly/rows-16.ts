// float16 and bfloat16 rows that are contiguous (inner = 1).
//
// Some rows at a time: all are summed, then come the roots and quotients, then all are scaled. Nothing but these lies in
// memory in between. What is rare takes another way, each row through float32 scratch memory: rows with a beta (at half
// the speed) and other options, rows that are not plain or nearly overflow, and long ones. Both ways give the same bits.

import { CELL_BYTES } from './cells';
import { FLOAT16 } from './dtype';
import { forgetPacked, largestWeight, packedBytes, packedGroups, packedOf } from './packed-16';
import { alpha, arePlain2, beta, firstGroup, gamma, given, groups, llama, rstd, rstdOf2, scratch, size, slabs, statSize, weightOffset, x, y } from './problem';
import { rowInPieces } from './row-in-pieces';
import { dtype } from './runs';
import { scaleRows16 } from './scale-16';
import { SPECIAL, sumRows16 } from './sum-16';
import { PIECE, weightBytes } from './weights';

/**
 * At a time: so many rows at most, and so many elements, which a first-level cache holds beside their weights. Where it
 * does not hold these, so many that a second-level cache holds.
 */
const ROWS: u32 = 64;
const ELEMENTS: u32 = 4096;
const LONG: u32 = 2048;
const ELEMENTS_OF_LONG: u32 = 65536;

/** Their sums, room for one more, and their factors likewise: a multiple of 16. */
const FACTORS: usize = (ROWS + 2) * 8;
const ROWS_BYTES: u32 = ((ROWS + 2) * 12 + 15) & ~15;

/** What the factors of float16 rows are multiplied by. */
const TWO_65 = reinterpret<f64>(<u64>(1023 + 65) << 52);
/** Weights below this are finite, and too small to make something of what underflowed. */
const LARGE: f64 = 1e15;
/** A square. Magnitudes below are finite as float16. */
const BELOW_OVERFLOW: f64 = 65000 * 65000;

/** Sums and factors, and a row as float32 or packed weights. */
export function rowBytes(groups: u32, size: u32, weightOffset: f64): u32 {
  const row = (min(size, PIECE) * 4 + 15) & ~15;
  return ROWS_BYTES + max(row, size > PIECE ? 0 : packedBytes(groups, size, weightOffset));
}

export function rows16(): void {
  const own = scratch + CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  const table = own + ROWS_BYTES;
  const bytes = <usize>size << 1;
  const together = !gamma || packedGroups() === groups;
  let fast = size <= PIECE && statSize === size && !beta && !llama && !given;
  if (fast && together) {
    packedOf(firstGroup, table);
    fast = largestWeight < LARGE;
  }
  const most = fast && together ? max(1, min(ROWS, (size > LONG ? ELEMENTS_OF_LONG : ELEMENTS) / size)) : 1;
  let from = x;
  let to = y;
  let group = firstGroup;
  let alone: u32 = 0;
  for (let row: u32 = 0; row < slabs; ) {
    const rows: u32 = alone ? 1 : min(most, slabs - row);
    const statistics = rstd ? rstd + (<usize>row << 2) : 0;
    if (fast) sumRows16(from, size, rows, own);
    const w = fast ? packedOf(group, table) : 0;
    if (fast && factorsOf(own, rows, statistics)) {
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

/**
 * The factors of the rows whose sums stand in `own`, and their rstd. False: there is one that is not plain, or, of
 * float16, one that may not be scaled here: an element is special, y may overflow (no |x * r| is above r * sqrt(sum)),
 * or what underflows on the way (see eightFloat16) may not be 0 as a float16.
 */
function factorsOf(own: usize, rows: u32, statistics: usize): bool {
  const half = dtype === FLOAT16;
  const most = min(1e30, BELOW_OVERFLOW / (largestWeight * largestWeight));
  let plain = largestWeight < LARGE;
  // An odd number of rows: the last is computed twice.
  const end = own + (<usize>rows << 3);
  store<f64>(end, load<f64>(end - 8));
  let factors = own + FACTORS;
  for (let p = own; p < end; p += 16, factors += 8) {
    const sums = v128.load(p);
    const rstds = rstdOf2(sums);
    const r = f64x2.mul(rstds, f64x2.splat(alpha));
    plain = plain && arePlain2(sums, r);
    if (half) {
      const fits = v128.and(f64x2.lt(sums, f64x2.splat(SPECIAL)), f64x2.lt(f64x2.mul(sums, f64x2.mul(r, r)), f64x2.splat(most)));
      const inRange = v128.and(f64x2.gt(r, f64x2.splat(0)), f64x2.lt(r, f64x2.splat(1e18)));
      plain = plain && i64x2.all_true(v128.and(fits, inRange));
    }
    v128.store64_lane(factors, f32x4.demote_f64x2_zero(half ? f64x2.mul(r, f64x2.splat(TWO_65)) : r), 0);
    if (statistics) {
      const rounded = f32x4.demote_f64x2_zero(rstds);
      v128.store32_lane(statistics, rounded, 0);
      if (p + 8 < end) v128.store32_lane(statistics, rounded, 1, 4);
      statistics += 8;
    }
  }
  return plain;
}
