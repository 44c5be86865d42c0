// forward of what problem.ts describes: the whole problem, or the part set last. Weights are prepared before.

import { FLOAT32, Float16, Float32 } from './dtype';
import { inner } from './problem';
import { float32Rows } from './rows';
import { rowBytes, rows16 } from './rows-16';
import { stripBytes, strips } from './strips';

/** Bytes behind the cells and the weights. */
export function forwardBytes(dtype: i32, groups: u32, size: u32, inner: u32, weightOffset: f64): u32 {
  if (dtype === FLOAT32) return inner > 1 ? stripBytes<Float32>(size, inner) : 0;
  return inner > 1 ? stripBytes<Float16>(size, inner) : rowBytes(groups, size, weightOffset);
}

/** `dtype` is that of runs.ts, or float32 for tiles of it. */
export function normalize(dtype: i32): void {
  if (inner > 1) {
    if (dtype === FLOAT32) strips<Float32>();
    else strips<Float16>();
  } else if (dtype === FLOAT32) {
    float32Rows();
  } else {
    rows16();
  }
}
