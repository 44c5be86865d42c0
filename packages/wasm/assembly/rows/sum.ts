// Sums of squares along contiguous float32 rows.
//
// Accuracy: four squares are added in float32 (at most 3 roundings of 2^-24), everything after that in float64. So r errs by at most 1.5
// * 2^-24 and its own rounding, and y by less than 4 ulp, whatever the row holds. The order of additions depends only on the number of
// elements.

import { call } from '../call';
import { loadPart } from '../elements/partial';
import { RESULT } from '../elements/spill';

// @ts-ignore: decorator
@inline
export function squaresOfFour(a: v128, b: v128, c: v128, d: v128): v128 {
  return f32x4.add(f32x4.add(f32x4.mul(a, a), f32x4.mul(b, b)), f32x4.add(f32x4.mul(c, c), f32x4.mul(d, d)));
}

// @ts-ignore: decorator
@inline
export function promoteHigh(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<u64>(v, v, 1, 1));
}

/** Adds four float32 `values` to the float64 numbers at `sums`. */
// @ts-ignore: decorator
@inline
export function addToSums(sums: usize, values: v128): void {
  v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(values)));
  v128.store(sums, f64x2.add(v128.load(sums, 16), promoteHigh(values)), 16);
}

/**
 * Ends a sum: adds the float64 accumulators of all blocks of 16 elements and the squares of the last `rest` (0 to 15) elements at `p`.
 */
export function finishSum(low: v128, high: v128, p: usize, rest: u32): f64 {
  if (rest) {
    let squares = i64x2.splat(0);
    for (; rest >= 4; rest -= 4, p += 16) {
      const v = v128.load(p);
      squares = f32x4.add(squares, f32x4.mul(v, v));
    }
    if (rest) {
      const v = loadPart(p, rest);
      squares = f32x4.add(squares, f32x4.mul(v, v));
    }
    low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
    high = f64x2.add(high, promoteHigh(squares));
  }
  const both = f64x2.add(low, high);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
}

// @ts-ignore: decorator
@inline
export function storeSum(to: usize, low: v128, high: v128, p: usize, rest: u32): void {
  const both = f64x2.add(low, high);
  store<f64>(to, rest ? finishSum(low, high, p, rest) : f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1));
}

/** Writes the float64 sums of the first `count` elements of each of `rows` rows, `bytes` from one another, from `to` on. */
export function sumRows(p: usize, bytes: usize, count: u32, rows: u32, to: usize): void {
  const rest = count & 15;
  for (const last = to + (<usize>rows << 3); to < last; to += 8) {
    const next = p + bytes;
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    for (const end = p + (<usize>(count & ~15) << 2); p < end; p += 64) {
      const squares = squaresOfFour(v128.load(p), v128.load(p, 16), v128.load(p, 32), v128.load(p, 48));
      low = f64x2.add(low, f64x2.promote_low_f32x4(squares));
      high = f64x2.add(high, promoteHigh(squares));
    }
    storeSum(to, low, high, p, rest);
    p = next;
  }
}

/** The sum of squares of `count` elements. */
export function sumRow(p: usize, count: u32): f64 {
  const result = call.scratch + RESULT;
  sumRows(p, 0, count, 1, result);
  return load<f64>(result);
}
