// forward, and scaleBy, whose sums of squares are an operand (sumsAreGiven in statistic.ts).

import { call } from '../call';
import { normalizeStrips } from '../columns/strips';
import { normalizeRows } from '../rows/normalize';
import { NO_STAGE, setStage } from './stages';

export function forward(): void {
  if (call.inner > 1) {
    setStage(NO_STAGE, call.x, call.y);
    normalizeStrips();
  } else {
    normalizeRows(call.dtype, call.x, call.y, call.rstd, call.outer * call.groups, 0);
  }
}
