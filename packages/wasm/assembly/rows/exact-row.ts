// One row at any stride, in float64 throughout, whose range holds the square of every float32: no scaling by powers of
// two is needed. The fast kernels send rows here that are not plain (see problem.ts).

import { alpha, beta, gamma, given, llama, rstdOf, size, statSize, weightOffset } from '../problem';
import { dtype as dtypeOfCall, loadElement, storeElement } from '../elements/runs';

export function exactSum(dtype: i32, p: usize, stride: usize): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < statSize; i++, p += stride) {
    const v = loadElement(dtype, p);
    sum += v * v;
  }
  return sum;
}

/**
 * `row` is the row's index in rstd, `feature` its first in gamma and beta, `stride` the distance of neighbours in bytes.
 * `dtype` is the call's, or float32. Returns r / alpha.
 */
export function exactRow(dtype: i32, from: usize, to: usize, stride: usize, row: u32, feature: u32): f64 {
  const rstd = rstdOf(given ? <f64>load<f32>(given + (<usize>row << 2)) : exactSum(dtype, from, stride));
  const r = alpha * rstd;
  for (let i: u32 = 0; i < size; i++) {
    const v = loadElement(dtype, from);
    // A zero denominator makes r infinite; zeros stay zeros, but not beside a NaN, which is r's too.
    let t = v === 0 && r === r ? v : v * r;
    if (llama) {
      storeElement(dtypeOfCall, to, t);
      t = loadElement(dtypeOfCall, to);
    }
    const at: usize = (feature + i) << 2;
    if (gamma) t *= weightOffset + <f64>load<f32>(gamma + at);
    if (beta) t += <f64>load<f32>(beta + at);
    storeElement(dtype, to, t);
    from += stride;
    to += stride;
  }
  return rstd;
}
