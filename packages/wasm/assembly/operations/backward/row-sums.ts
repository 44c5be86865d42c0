// The sums along a contiguous float32 row: of products dy * w * x, and of squares. Both in the order of rows/sum.ts.

import { finishSum, promoteHigh, squaresOfFour } from '../../rows/sum';

/** Adds dy * w * x of 16 elements to four sums; a, b, c and e are the elements of x. At most 3 roundings after those of the products. */
// @ts-ignore: decorator
@inline
function products(a: v128, b: v128, c: v128, e: v128, d: usize, w: usize): v128 {
  const first = f32x4.add(
    f32x4.mul(f32x4.mul(v128.load(d), v128.load(w)), a),
    f32x4.mul(f32x4.mul(v128.load(d, 16), v128.load(w, 16)), b),
  );
  const last = f32x4.add(
    f32x4.mul(f32x4.mul(v128.load(d, 32), v128.load(w, 32)), c),
    f32x4.mul(f32x4.mul(v128.load(d, 48), v128.load(w, 48)), e),
  );
  return f32x4.add(first, last);
}

function finishDot(low: v128, high: v128, x: usize, d: usize, w: usize, rest: u32): f64 {
  const both = f64x2.add(low, high);
  let dot = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; rest > 0; rest--, x += 4, d += 4, w += 4) dot += <f64>(load<f32>(d) * load<f32>(w) * load<f32>(x));
  return dot;
}

/** The sum of x * dy * w. */
export function dotRow(x: usize, d: usize, w: usize, count: u32): f64 {
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  for (const end = x + (<usize>(count & ~15) << 2); x < end; x += 64, d += 64, w += 64) {
    const sum = products(v128.load(x), v128.load(x, 16), v128.load(x, 32), v128.load(x, 48), d, w);
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
    high = f64x2.add(high, promoteHigh(sum));
  }
  return finishDot(low, high, x, d, w, count & 15);
}

/** Adds the results of sumRow and of dotRow to the float64 numbers at `squares` and `dots`, in one loop. */
export function sumBoth(x: usize, d: usize, w: usize, count: u32, squares: usize, dots: usize): void {
  const toD = d - x;
  const toW = w - x;
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  let dotLow = i64x2.splat(0);
  let dotHigh = i64x2.splat(0);
  for (const end = x + (<usize>(count & ~15) << 2); x < end; x += 64) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    const c = v128.load(x, 32);
    const e = v128.load(x, 48);
    const sum = squaresOfFour(a, b, c, e);
    low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
    high = f64x2.add(high, promoteHigh(sum));
    const dot = products(a, b, c, e, x + toD, x + toW);
    dotLow = f64x2.add(dotLow, f64x2.promote_low_f32x4(dot));
    dotHigh = f64x2.add(dotHigh, promoteHigh(dot));
  }
  store<f64>(dots, load<f64>(dots) + finishDot(dotLow, dotHigh, x, x + toD, x + toW, count & 15));
  store<f64>(squares, load<f64>(squares) + finishSum(low, high, x, count & 15));
}
