// forward, and scaleBy, which is given the sums of squares: see statistic.ts.

import { call } from '../call';
import { strips } from '../columns/strips';
import { normalizeRows } from '../rows/normalize';
import { PLAIN, setStage } from './stages';

export function forward(): void {
  if (call.inner > 1) {
    setStage(PLAIN, call.x, call.y);
    strips();
  } else {
    normalizeRows(call.dtype, call.x, call.y, call.rstd, call.outer * call.groups, 0);
  }
}
