// One row in float64: for what float32 cannot hold (denominators of 0, r outside the normal range, sums that overflow
// or vanish, NaN and infinities), wherever it lies. The fast kernels send rows here that do not fit float32, see statistic.ts.

import { call } from '../call';
import { loadElement, storeElement } from '../elements/runs';
import { givenSum, rstdOf, sumsAreGiven } from '../statistic';

export function sumInFloat64(dtype: u32, p: usize, stride: usize): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < call.statSize; i++, p += stride) {
    const v = loadElement(dtype, p);
    sum += v * v;
  }
  return sum;
}

/** A feature that has neither gamma nor beta. */
export const UNWEIGHTED: u32 = -1;

/**
 * `row` is the row's index in rstd, `feature` its first in gamma and beta, or UNWEIGHTED, `stride` the distance of neighbours in bytes.
 * `dtype` is the call's, or float32. Returns r / alpha.
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
    // A zero denominator makes r infinite; zeros stay zeros, but not beside a NaN, which is r's too.
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
