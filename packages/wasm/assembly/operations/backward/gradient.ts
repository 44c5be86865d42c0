// What the kernels of backward share: with g = dy * w,
//
//     dx = g r - x slope (+ dsum), slope = r^3 / alpha^2 * sum(g x) / statSize within the statistic, else 0
//     dgamma = sum of dy x r, dbeta = sum of dy over all rows, in float64 accumulators

import { FLOAT32 } from '../../elements/dtype';
import { exactSum } from '../../rows/exact-row';
import { alpha, arePlain2, gamma, groups, isPlain, rstdOf, rstdOf2, size, statSize, weightOffset } from '../../problem';
import { dtype, loadElement, storeElement } from '../../elements/runs';

const MIN_NORMAL = 1.1754943508222875e-38; // 2^-126
const MAX_SLOPE = 8.507059173023462e37; // 2^126
const LOW_DOT = 7.888609052210118e-31; // 2^-100

// The tensors of the call; those that may be missing are then 0.
export let dy: usize = 0;
export let dsum: usize = 0;
export let dx: usize = 0;
export let source: usize = 0;
export let statistics: usize = 0;
/** Two float64 for each feature: the sums of dgamma, then those of dbeta. */
export let sums: usize = 0;
export let withBeta: bool = false;
let clampedBelow: f64 = -1;

// Of the row asked for last.
export let r: f64 = 0;
export let slope: f64 = 0;

export function setGradients(
  x_: usize,
  dy_: usize,
  dsum_: usize,
  dx_: usize,
  statistics_: usize,
  sums_: usize,
  withBeta_: bool,
  clampedBelow_: f64,
): void {
  source = x_;
  dy = dy_;
  dsum = dsum_;
  dx = dx_;
  statistics = statistics_;
  sums = sums_;
  withBeta = withBeta_;
  clampedBelow = clampedBelow_;
}

/** Whether the sums of squares are needed: unless rstd is given, and to know where 'clamp' is active. */
// @ts-ignore: decorator
@inline
export function needsSquares(): bool {
  return !statistics || clampedBelow >= 0;
}

/** From a feature's sum of dgamma to that of dbeta, in bytes. */
// @ts-ignore: decorator
@inline
export function toBetaSums(): usize {
  return <usize>(groups * size) << 3;
}

/** Whether r and slope follow from the sums alone. */
// @ts-ignore: decorator
@inline
export function followFromSums(): bool {
  return !statistics && clampedBelow < 0;
}

// @ts-ignore: decorator
@inline
function setRow(row: u32, sum: f64, dot: f64): void {
  const rstd = statistics ? <f64>load<f32>(statistics + (<usize>row << 2)) : rstdOf(sum);
  r = alpha * rstd;
  const cubed = alpha * rstd * rstd * rstd;
  const mean = dot / <f64>statSize;
  slope = mean === 0 || sqrt(sum) <= clampedBelow ? 0 : mean * cubed;
}

/**
 * Sets r and slope of a row from its sums, and says whether it may be computed in float32. `at` is the row's first
 * element in the tensors, `stride` the distance of neighbours, in bytes.
 */
export function isPlainGradient(row: u32, sum: f64, dot: f64, at: usize, stride: usize): bool {
  setRow(row, sum, dot);
  if (!isPlain(needsSquares() ? sum : 1, r) || !(abs(dot) <= MAX_SLOPE)) return false;
  if (slope !== 0 && abs(dot) >= LOW_DOT * <f64>size) return abs(slope) >= MIN_NORMAL && abs(slope) <= MAX_SLOPE;
  if (needsSquares() && sqrt(sum) <= clampedBelow) return true;
  // The products may have vanished, unless there were none.
  return isZero(dy + at, stride);
}

/**
 * The same for two rows at once, whose sums of squares and of products are given: r and slope as float32 at `factors`, those
 * of slope 16 bytes behind. False, without having written: they must be done one by one.
 */
// @ts-ignore: decorator
@inline
export function arePlainGradients2(squares: v128, dots: v128, factors: usize): bool {
  const rstds = rstdOf2(squares);
  const rs = f64x2.mul(rstds, f64x2.splat(alpha));
  const slopes = f64x2.mul(f64x2.mul(f64x2.mul(rs, rstds), rstds), f64x2.div(dots, f64x2.splat(<f64>statSize)));
  const dot = f64x2.abs(dots);
  const slope = f64x2.abs(slopes);
  const normal = v128.and(
    v128.and(f64x2.ge(dot, f64x2.splat(LOW_DOT * <f64>size)), f64x2.le(dot, f64x2.splat(MAX_SLOPE))),
    v128.and(f64x2.ge(slope, f64x2.splat(MIN_NORMAL)), f64x2.le(slope, f64x2.splat(MAX_SLOPE))),
  );
  if (!arePlain2(squares, rs) || !i64x2.all_true(normal)) return false;
  v128.store64_lane(factors, f32x4.demote_f64x2_zero(rs), 0);
  v128.store64_lane(factors, f32x4.demote_f64x2_zero(slopes), 0, 16);
  return true;
}

function elementOf(p: usize): f64 {
  return loadElement(dtype, p);
}

function isZero(p: usize, stride: usize): bool {
  for (let i: u32 = 0; i < size; i++, p += stride) {
    if (elementOf(p) !== 0) return false;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function times(a: f64, b: f64): f64 {
  return a === 0 && abs(b) === Infinity ? a : a * b;
}

// @ts-ignore: decorator
@inline
function gradientAt(at: usize, feature: u32): f64 {
  const w = gamma ? weightOffset + <f64>load<f32>(gamma + (<usize>feature << 2)) : 1;
  return elementOf(dy + at) * w;
}

/**
 * A row in float64. dx goes to `to`, float32 where `wide`, else in the dtype; `toStride` is the distance of neighbours.
 */
export function exactGradient(row: u32, at: usize, stride: usize, feature: u32, to: usize, toStride: usize, wide: bool): void {
  const sum = exactSum(dtype, source + at, stride);
  let dot: f64 = 0;
  for (let i: u32 = 0, p = at; i < size; i++, p += stride) dot += gradientAt(p, feature + i) * elementOf(source + p);
  setRow(row, sum, dot);
  let sumAt = sums + (<usize>feature << 3);
  const betaBytes = toBetaSums();
  for (let i: u32 = 0; i < size; i++, at += stride, to += toStride, sumAt += 8) {
    const v = elementOf(source + at);
    const d = elementOf(dy + at);
    let t = times(gradientAt(at, feature + i), r);
    if (i < statSize) t -= times(v, slope);
    if (dsum) t += elementOf(dsum + at);
    store<f64>(sumAt, load<f64>(sumAt) + d * times(v, r));
    if (withBeta) store<f64>(sumAt + betaBytes, load<f64>(sumAt + betaBytes) + d);
    storeElement(wide ? FLOAT32 : dtype, to, t);
  }
}

/** The sums of all features as float32. */
export function storeSums(from: usize, to: usize): void {
  for (const end = to + (<usize>(groups * size) << 2); to < end; from += 8, to += 4) store<f32>(to, <f32>load<f64>(from));
}
