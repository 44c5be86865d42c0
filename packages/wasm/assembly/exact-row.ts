// One row at any stride, in float64 throughout, whose range holds the square of every float32: no scaling by powers of
// two is needed. The fast kernels send rows here that are not plain (see problem.ts).

import { loadPart, round4, storePart } from './lanes';
import { alpha, beta, gamma, llama, rstdOf, size, statSize, weightOffset } from './problem';

// @ts-ignore: decorator
@inline
function element<T>(p: usize): f64 {
  return f32x4.extract_lane(loadPart<T>(p, 1), 0);
}

/** `feature` is the row's first in gamma and beta, `stride` the distance of neighbours in bytes. Returns r / alpha. */
export function exactRow<T>(from: usize, to: usize, stride: usize, feature: u32): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0, p = from; i < statSize; i++, p += stride) {
    const v = element<T>(p);
    sum += v * v;
  }
  const rstd = rstdOf(sum);
  const r = alpha * rstd;
  for (let i: u32 = 0; i < size; i++) {
    const v = element<T>(from);
    // A zero denominator makes r infinite; zeros stay zeros.
    let t = v === 0 ? v : v * r;
    if (llama) t = f32x4.extract_lane(round4<T>(f32x4.splat(<f32>t)), 0);
    const at: usize = (feature + i) << 2;
    if (gamma) t *= weightOffset + <f64>load<f32>(gamma + at);
    if (beta) t += <f64>load<f32>(beta + at);
    storePart<T>(to, f32x4.splat(<f32>t), 1);
    from += stride;
    to += stride;
  }
  return rstd;
}
