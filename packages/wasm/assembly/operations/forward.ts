// forward of what problem.ts describes: the whole problem, or the part set last. Weights are prepared before.

import { FLOAT32 } from '../elements/dtype';
import { inner } from '../problem';
import { float32Rows } from '../rows/rows';
import { rows16 } from '../half/rows';
import { strips } from '../columns/strips';

/** `dtype` is that of runs.ts, or float32 for tiles of it. */
export function normalize(dtype: i32): void {
  if (inner > 1) strips();
  else if (dtype === FLOAT32) float32Rows();
  else rows16();
}
