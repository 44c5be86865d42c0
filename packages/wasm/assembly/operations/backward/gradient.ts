// The formulas of backward. With g = dy * w,
//
//     dx = g r - x m (+ dsum), with the middle factor m = f r^3 / alpha^2 * sum(g x) / statSize within the statistic, else 0
//     dgamma = sum of dy x r, dbeta = sum of dy over all rows, in float64 accumulators
//
// f is the slope factor (statistic.ts).

import { call } from '../../call';
import { loadElement, storeElement } from '../../elements/runs';
import { sumInFloat64 } from '../../rows/float64-row';
import { bothFitFloat32, fitsFloat32, rstdOf, rstdOf2, slopeFactor, slopeFactor2, slopeNeedsSum } from '../../statistic';

const MIN_NORMAL = 1.1754943508222875e-38; // 2^-126
const MAX_MIDDLE = 8.507059173023462e37; // 2^126
const LOW_DOT = 7.888609052210118e-31; // 2^-100

/** Whether sums of squares are needed: to compute rstd, or its slope. */
// @ts-ignore: decorator
@inline
export function needsSquares(): bool {
  return !call.rstd || slopeNeedsSum();
}

/** Bytes from a feature's sum for dgamma to its sum for dbeta. */
// @ts-ignore: decorator
@inline
export function toBetaSums(): usize {
  return <usize>(call.groups * call.size) << 3;
}

/** rstd of a row, given or from its sum of squares. */
// @ts-ignore: decorator
@inline
function rstdOfRow(row: u32, sum: f64): f64 {
  return call.rstd ? <f64>load<f32>(call.rstd + (<usize>row << 2)) : rstdOf(sum);
}

/** The middle factor of a row, from its rstd, its sum of squares, and its sum of products g x. */
// @ts-ignore: decorator
@inline
function middleOf(rstd: f64, sum: f64, dot: f64): f64 {
  const cubed = call.alpha * rstd * rstd * rstd;
  const factor = slopeFactor(sum);
  const mean = dot / <f64>call.statSize;
  return mean === 0 || factor === 0 ? 0 : mean * factor * cubed;
}

/**
 * Whether the gradient of a row fits float32. If so, its r and middle factor are stored at `factor` and `middle` as float32. Its first
 * element lies `at` bytes into the tensors, and neighbours lie `stride` bytes apart.
 */
export function gradientFits(row: u32, sum: f64, dot: f64, at: usize, stride: usize, factor: usize, middle: usize): bool {
  const rstd = rstdOfRow(row, sum);
  const r = call.alpha * rstd;
  const s = middleOf(rstd, sum, dot);
  if (!fitsFloat32(needsSquares() ? sum : 1, r) || !(abs(dot) <= MAX_MIDDLE)) return false;
  if (s !== 0 && abs(dot) >= LOW_DOT * <f64>call.size) {
    if (!(abs(s) >= MIN_NORMAL && abs(s) <= MAX_MIDDLE)) return false;
  } else if (slopeFactor(sum) !== 0) {
    // The products may have underflowed, unless all are 0.
    if (!isZero(call.dy + at, stride)) return false;
  }
  store<f32>(factor, <f32>r);
  store<f32>(middle, <f32>s);
  return true;
}

/**
 * The same for rows from `row` on, two at once, given arrays of their sums of squares and of products. Returns how many were done before a
 * pair one of which does not fit, or has a slope of 0.
 */
export function pairsThatFit(row: u32, squares: usize, dots: usize, factors: usize, middles: usize, count: u32): u32 {
  let done: u32 = 0;
  for (; done + 2 <= count; done += 2) {
    const sums = needsSquares() ? v128.load(squares) : f64x2.splat(1);
    const products = v128.load(dots);
    const rstds = call.rstd ? f64x2.promote_low_f32x4(v128.load64_zero(call.rstd + (<usize>(row + done) << 2))) : rstdOf2(call, sums);
    const rs = f64x2.mul(rstds, f64x2.splat(call.alpha));
    const means = f64x2.mul(f64x2.div(products, f64x2.splat(<f64>call.statSize)), slopeFactor2(call, sums));
    const ss = f64x2.mul(f64x2.mul(f64x2.mul(rs, rstds), rstds), means);
    const dot = f64x2.abs(products);
    const middle = f64x2.abs(ss);
    const normal = v128.and(
      v128.and(f64x2.ge(dot, f64x2.splat(LOW_DOT * <f64>call.size)), f64x2.le(dot, f64x2.splat(MAX_MIDDLE))),
      v128.and(f64x2.ge(middle, f64x2.splat(MIN_NORMAL)), f64x2.le(middle, f64x2.splat(MAX_MIDDLE))),
    );
    if (!bothFitFloat32(call, sums, rs) || !i64x2.all_true(normal)) break;
    v128.store64_lane(factors, f32x4.demote_f64x2_zero(rs), 0);
    v128.store64_lane(middles, f32x4.demote_f64x2_zero(ss), 0);
    squares += 16;
    dots += 16;
    factors += 8;
    middles += 8;
  }
  return done;
}

function isZero(p: usize, stride: usize): bool {
  for (let i: u32 = 0; i < call.size; i++, p += stride) {
    if (loadElement(call.dtype, p) !== 0) return false;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function times(a: f64, b: f64): f64 {
  return a === 0 && abs(b) === Infinity ? a : a * b;
}

/** g of the element `at` bytes into the tensors. */
function gradientAt(at: usize, feature: u32): f64 {
  const w = call.gamma ? call.weightOffset + <f64>load<f32>(call.gamma + (<usize>feature << 2)) : 1;
  return loadElement(call.dtype, call.dy + at) * w;
}

/** The gradient of a row in float64. dx goes to `to`, `toStride` bytes apart, in `dtype`: the call's, or float32 in scratch memory. */
export function gradientInFloat64(row: u32, at: usize, stride: usize, feature: u32, dtype: u32, to: usize, toStride: usize): void {
  const sum = sumInFloat64(call.dtype, call.x + at, stride);
  let dot: f64 = 0;
  for (let i: u32 = 0, p = at; i < call.size; i++, p += stride) {
    dot += gradientAt(p, feature + i) * loadElement(call.dtype, call.x + p);
  }
  const rstd = rstdOfRow(row, sum);
  const r = call.alpha * rstd;
  const middle = middleOf(rstd, sum, dot);
  let sums = call.gradientSums + (<usize>feature << 3);
  const beta = toBetaSums();
  for (let i: u32 = 0; i < call.size; i++, at += stride, to += toStride, sums += 8) {
    const v = loadElement(call.dtype, call.x + at);
    const d = loadElement(call.dtype, call.dy + at);
    let t = times(gradientAt(at, feature + i), r);
    if (i < call.statSize) t -= times(v, middle);
    if (call.dsum) t += loadElement(call.dtype, call.dsum + at);
    store<f64>(sums, load<f64>(sums) + d * times(v, r));
    if (call.dbeta) store<f64>(sums + beta, load<f64>(sums + beta) + d);
    storeElement(dtype, to, t);
  }
}
