// A batch of rows: its sums of squares at the beginning of a kernel's scratch memory, behind them the factors of its rows.

import { call } from '../call';
import { SPECIAL } from '../half/sum';
import { bothFitFloat32, rstdOf2 } from '../statistic';

/** The most rows of a batch. */
export const ROWS: u32 = 64;
/** Where the factors are, float32: behind the sums, float64, and room for one more. Two vectors and more. */
export const FACTORS: usize = (ROWS + 2) * 8;
/** Of both: a multiple of 16. */
export const FACTORS_BYTES: u32 = ((ROWS + 2) * 12 + 15) & ~15;

/** What the factors of float16 rows are multiplied by. */
const TWO_65 = reinterpret<f64>(<u64>(1023 + 65) << 52);
/** A square. Magnitudes below are finite as float16. */
const BELOW_OVERFLOW: f64 = 65000 * 65000;

/**
 * Writes r, float32, from `factors` on, and rstd from `rstd` on, unless that is 0, of up to `count` rows whose sums of squares are float64 from
 * `sums` on, with room for one more of each. Returns how many: those before two of which one does not fit float32, or, of float16 rows (`half`), may
 * not be scaled by scaleRows16: an element is special, y may overflow (no |x * r| is above r * sqrt(sum)), or what underflows on the way may not
 * be 0 as a float16.
 */
export function factorsOf(sums: usize, count: u32, factors: usize, rstd: usize, half: bool): u32 {
  const c = call;
  const most = min(1e30, BELOW_OVERFLOW / (c.largestWeight * c.largestWeight));
  // An odd number of rows: the last is computed twice.
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
