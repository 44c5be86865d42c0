import type { Bug } from '../bug.ts';
import { APPLY_BUGS } from './apply.ts';
import { DECLARATION_BUGS } from './declarations.ts';
import { EXTREME_BUGS } from './extremes.ts';
import { INVARIANCE_BUGS } from './invariance.ts';
import { LAYOUT_BUGS } from './layout.ts';
import { MEMORY_BUGS } from './memory/index.ts';
import { OPERATION_BUGS } from './operations.ts';
import { PLAN_BUGS } from './plan/index.ts';
import { PRECISION_BUGS } from './precision.ts';
import { RSTD_BUGS } from './rstd.ts';
import { STATISTIC_BUGS } from './statistic.ts';
import { WEIGHT_BUGS } from './weights.ts';

export const BUGS: readonly Bug[] = [
  ...STATISTIC_BUGS,
  ...WEIGHT_BUGS,
  ...LAYOUT_BUGS,
  ...PRECISION_BUGS,
  ...EXTREME_BUGS,
  ...MEMORY_BUGS,
  ...INVARIANCE_BUGS,
  ...RSTD_BUGS,
  ...APPLY_BUGS,
  ...DECLARATION_BUGS,
  ...OPERATION_BUGS,
  ...PLAN_BUGS,
];
