// Contiguous rows (inner = 1) of any dtype.

import { DType } from '../descriptor';
import { rows16 } from '../half/rows';
import { float32Rows } from './rows';

/**
 * Normalizes `rows` rows from `x` to `y`. The first is of group `group`, and its rstd goes to `rstd`, unless that is 0. `dtype` is the
 * call's, or float32 in scratch memory.
 */
export function normalizeRows(dtype: u32, x: usize, y: usize, rstd: usize, rows: u32, group: u32): void {
  if (dtype === DType.float32) float32Rows(x, y, rstd, rows, group);
  else rows16(x, y, rstd, rows, group);
}
