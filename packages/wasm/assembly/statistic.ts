// The statistic of a row: rstd from the sum of its squares, and r = alpha * rstd, which multiplies its elements. Both in float64.
//
// One formula serves every epsMode, each with coefficients of its own:
//
//     rstd = numerator / max(sqrt(sum * sumFactor + epsUnderRoot), leastNorm)
//     d rstd/dx = -f rstd^3 x / statSize, with the slope factor f: 1, or 0 where leastNorm is the denominator, as rstd is a constant there

import { Call, call } from './call';
import { EpsMode, Op } from './descriptor';

const MIN_NORMAL = 1.1754943508222875e-38; // 2^-126
const MAX_R = 1.7014118346046923e38; // 2^127
/** A sum of squares above this may have overflowed in float32. */
const MOST = 8.507059173023462e37; // 2^126
/** A sum of squares below this times size may have lost terms to underflow in float32. */
const LEAST = 3.155443620884047e-30; // 2^-98

/** Computes the coefficients. */
export function completeStatistic(): void {
  const eps = call.eps;
  const given = sumsAreGiven();
  const least = LEAST * <f64>call.size;
  // Whether eps is so large that terms lost to underflow do not matter.
  let epsDominates = false;
  switch (call.epsMode) {
    case EpsMode.add:
      call.numerator = 1;
      call.sumFactor = 1 / (given ? call.count : <f64>call.statSize);
      call.epsUnderRoot = eps;
      call.leastNorm = 0;
      call.clampedNorm = -1;
      epsDominates = <f64>call.statSize * eps >= 0.25 * least;
      break;
    case EpsMode.clamp:
      call.numerator = sqrt(given ? call.count : <f64>call.size);
      call.sumFactor = 1;
      call.epsUnderRoot = 0;
      call.leastNorm = eps;
      call.clampedNorm = eps;
      epsDominates = eps * eps >= 2 * least;
      break;
    default:
      unreachable();
  }
  call.leastSum = epsDominates || given ? 0 : least;
}

/** Whether the sums of squares are an operand (scaleBy) instead of being computed. */
// @ts-ignore: decorator
@inline
export function sumsAreGiven(): bool {
  return call.op === Op.scaleBy;
}

export function givenSum(row: u32): f64 {
  return load<f32>(call.sums + (<usize>row << 2));
}

/** Writes `count` given sums, from index `row` on, to the float64 numbers at `to`. */
export function copyGivenSums(row: u32, count: u32, to: usize): void {
  let from = call.sums + (<usize>row << 2);
  for (const end = from + (<usize>count << 2); from < end; from += 4, to += 8) store<f64>(to, load<f32>(from));
}

/** rstd, which is r / alpha, of a row whose first statSize squares add up to `sum`. */
export function rstdOf(sum: f64): f64 {
  return call.numerator / max(sqrt(sum * call.sumFactor + call.epsUnderRoot), call.leastNorm);
}

/** The slope factor of a row. For an epsMode of another slope, this is what changes. */
// @ts-ignore: decorator
@inline
export function slopeFactor(sum: f64): f64 {
  return sqrt(sum) <= call.clampedNorm ? 0 : 1;
}

/** Whether the slope factor depends on the sum. Else it is 1, whatever number is given for the sum. */
// @ts-ignore: decorator
@inline
export function slopeNeedsSum(): bool {
  return call.clampedNorm >= 0;
}

/**
 * Whether a row may be computed in float32: its sum of squares neither overflowed nor lost terms, and r is a normal number.
 * False where the row has a NaN or an infinity, and where the denominator is 0. float64-row.ts does such rows.
 */
export function fitsFloat32(sum: f64, r: f64): bool {
  const magnitude = abs(r);
  return sum >= call.leastSum && sum <= MOST && magnitude >= MIN_NORMAL && magnitude <= MAX_R;
}

// The same for two rows at once, one in each lane. These are called in loops: `call` is a parameter, as V8 reads a local sooner than a
// variable of the module.

// @ts-ignore: decorator
@inline
export function rstdOf2(call: Call, sums: v128): v128 {
  const root = f64x2.sqrt(f64x2.add(f64x2.mul(sums, f64x2.splat(call.sumFactor)), f64x2.splat(call.epsUnderRoot)));
  return f64x2.div(f64x2.splat(call.numerator), f64x2.pmax(root, f64x2.splat(call.leastNorm)));
}

// @ts-ignore: decorator
@inline
export function slopeFactor2(call: Call, sums: v128): v128 {
  return v128.andnot(f64x2.splat(1), f64x2.le(f64x2.sqrt(sums), f64x2.splat(call.clampedNorm)));
}

// @ts-ignore: decorator
@inline
export function bothFitFloat32(call: Call, sums: v128, r: v128): bool {
  const magnitude = f64x2.abs(r);
  return i64x2.all_true(
    v128.and(
      v128.and(f64x2.ge(sums, f64x2.splat(call.leastSum)), f64x2.le(sums, f64x2.splat(MOST))),
      v128.and(f64x2.ge(magnitude, f64x2.splat(MIN_NORMAL)), f64x2.le(magnitude, f64x2.splat(MAX_R))),
    ),
  );
}

/** Whether a sum of squares of `size` elements in float32 neither overflowed nor lost terms, whatever eps is. */
// @ts-ignore: decorator
@inline
export function isInRange(sum: f64, size: u32): bool {
  return sum >= LEAST * <f64>size && sum <= MOST;
}
