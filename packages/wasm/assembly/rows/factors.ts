// The factors of rows, which multiply their elements, from their sums of squares.

import { call } from '../call';
import { SPECIAL } from '../half/sum';
import { bothFitFloat32, rstdOf2 } from '../statistic';

/** The most rows of a batch. */
export const ROWS: u32 = 64;
/** Kernels of rows keep the float64 sums of a batch, and one more, at the start of their memory. Its float32 factors follow here. */
export const FACTORS: usize = (ROWS + 2) * 8;
/** Bytes of both: a multiple of 16. */
export const FACTORS_BYTES: u32 = ((ROWS + 2) * 12 + 15) & ~15;

/** half/scale.ts takes the factors of float16 rows multiplied by this. */
const TWO_65 = reinterpret<f64>(<u64>(1023 + 65) << 52);
/** The square of 65000. Magnitudes below 65000 are finite as float16. */
const BELOW_OVERFLOW: f64 = 65000 * 65000;

/**
 * Writes the factors (r, float32) of up to `count` rows, whose float64 sums begin at `sums`, and their rstd unless `rstd` is 0. Returns
 * how many it wrote: it stops before a pair of rows one of which does not fit float32. Memory for one more sum and factor must follow.
 *
 * `half`: these are float16 rows for half/scale.ts. Then it stops also where an element is NaN or infinite, where y may overflow (no |x *
 * r| is above r * sqrt(sum)), and where a product that underflows may not be 0 as a float16.
 */
export function factorsOf(sums: usize, count: u32, factors: usize, rstd: usize, half: bool): u32 {
  const c = call;
  const most: f64 = half ? min(1e30, BELOW_OVERFLOW / (c.largestWeight * c.largestWeight)) : 0;
  // If the number of rows is odd, the last is computed twice.
  const end = sums + (<usize>count << 3);
  store<f64>(end, load<f64>(end - 8));
  for (let p = sums; p < end; p += 16, factors += 8) {
    const pair = v128.load(p);
    const rstds = rstdOf2(c, pair);
    let r = f64x2.mul(rstds, f64x2.splat(c.alpha));
    let fits = bothFitFloat32(c, pair, r);
    if (half) {
      const finite = v128.and(f64x2.lt(pair, f64x2.splat(SPECIAL)), f64x2.lt(f64x2.mul(pair, f64x2.mul(r, r)), f64x2.splat(most)));
      const inRange = v128.and(f64x2.gt(r, f64x2.splat(0)), f64x2.lt(r, f64x2.splat(1e18)));
      fits = fits && i64x2.all_true(v128.and(finite, inRange));
      r = f64x2.mul(r, f64x2.splat(TWO_65));
    }
    if (!fits) return <u32>(p - sums) >> 3;
    v128.store64_lane(factors, f32x4.demote_f64x2_zero(r), 0);
    if (rstd) {
      const rounded = f32x4.demote_f64x2_zero(rstds);
      v128.store32_lane(rstd, rounded, 0);
      if (p + 8 < end) v128.store32_lane(rstd, rounded, 1, 4);
      rstd += 8;
    }
  }
  return count;
}
