// Some rows at a time: their sums of squares in memory, then their factors beside them.

import { largestWeight } from '../half/packed-weights';
import { alpha, arePlain2, rstdOf2 } from '../problem';
import { SPECIAL } from '../half/sum';

/** At a time, at most. */
export const ROWS: u32 = 64;
/** Behind the sums and room for one more stand the factors likewise: a multiple of 16 bytes together. */
export const FACTORS: usize = (ROWS + 2) * 8;
export const FACTORS_BYTES: u32 = ((ROWS + 2) * 12 + 15) & ~15;

/** What the factors of float16 rows are multiplied by. */
const TWO_65 = reinterpret<f64>(<u64>(1023 + 65) << 52);
/** A square. Magnitudes below are finite as float16. */
const BELOW_OVERFLOW: f64 = 65000 * 65000;

/**
 * The factors of the rows whose sums stand in `own`, and their rstd where there are `statistics`. False: there is one that
 * is not plain, or, of float16 (`half`), one that may not be scaled by scaleRows16: an element is special, y may overflow
 * (no |x * r| is above r * sqrt(sum)), or what underflows on the way may not be 0 as a float16.
 */
export function factorsOf(own: usize, rows: u32, statistics: usize, half: bool): bool {
  const most = min(1e30, BELOW_OVERFLOW / (largestWeight * largestWeight));
  // An odd number of rows: the last is computed twice.
  const end = own + (<usize>rows << 3);
  store<f64>(end, load<f64>(end - 8));
  let factors = own + FACTORS;
  for (let p = own; p < end; p += 16, factors += 8) {
    const sums = v128.load(p);
    const rstds = rstdOf2(sums);
    let r = f64x2.mul(rstds, f64x2.splat(alpha));
    if (!arePlain2(sums, r)) return false;
    if (half) {
      const fits = v128.and(f64x2.lt(sums, f64x2.splat(SPECIAL)), f64x2.lt(f64x2.mul(sums, f64x2.mul(r, r)), f64x2.splat(most)));
      const inRange = v128.and(f64x2.gt(r, f64x2.splat(0)), f64x2.lt(r, f64x2.splat(1e18)));
      if (!i64x2.all_true(v128.and(fits, inRange))) return false;
      r = f64x2.mul(r, f64x2.splat(TWO_65));
    }
    v128.store64_lane(factors, f32x4.demote_f64x2_zero(r), 0);
    if (statistics) {
      const rounded = f32x4.demote_f64x2_zero(rstds);
      v128.store32_lane(statistics, rounded, 0);
      if (p + 8 < end) v128.store32_lane(statistics, rounded, 1, 4);
      statistics += 8;
    }
  }
  return true;
}
