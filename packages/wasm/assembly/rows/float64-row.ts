// One row in float64, for all that does not fit float32 (fitsFloat32 in statistic.ts): a denominator of 0, r outside the normal range,
// sums that overflow or lose terms to underflow, NaN and infinities. The row may be contiguous or a column.

import { call } from '../call';
import { loadElement, storeElement } from '../elements/runs';
import { givenSum, rstdOf, sumsAreGiven } from '../statistic';

/** The sum of squares. */
export function sumInFloat64(dtype: u32, p: usize, stride: usize): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < call.statSize; i++, p += stride) {
    const v = loadElement(dtype, p);
    sum += v * v;
  }
  return sum;
}

/** Stands for a feature without gamma and beta. */
export const UNWEIGHTED: u32 = -1;

/**
 * Normalizes a row from `from` to `to`, whose elements are `stride` bytes apart. `row` is its index in sums, `feature` its first one in
 * gamma and beta, or UNWEIGHTED. `dtype` is the call's, or float32 in scratch memory. Returns rstd.
 */
export function rowInFloat64(dtype: u32, from: usize, to: usize, stride: usize, row: u32, feature: u32): f64 {
  const rstd = rstdOf(sumsAreGiven() ? givenSum(row) : sumInFloat64(dtype, from, stride));
  const r = call.alpha * rstd;
  const weightOffset = call.weightOffset;
  let gamma = feature === UNWEIGHTED ? 0 : call.gamma;
  let beta = feature === UNWEIGHTED ? 0 : call.beta;
  if (gamma) gamma += <usize>feature << 2;
  if (beta) beta += <usize>feature << 2;
  for (let end = from + call.size * stride; from !== end; from += stride, to += stride) {
    const v = loadElement(dtype, from);
    // A denominator of 0 makes r infinite: zeros stay zeros. A NaN makes r a NaN: zeros become NaN.
    let t = v === 0 && r === r ? v : v * r;
    if (call.roundsProducts) {
      storeElement(call.dtype, to, t);
      t = loadElement(call.dtype, to);
    }
    if (gamma) {
      t *= weightOffset + <f64>load<f32>(gamma);
      gamma += 4;
    }
    if (beta) {
      t += <f64>load<f32>(beta);
      beta += 4;
    }
    storeElement(dtype, to, t);
  }
  return rstd;
}
