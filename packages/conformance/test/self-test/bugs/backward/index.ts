import type { Bug } from '../../bug.ts';
import { DX_BUGS } from './dx.ts';
import { BACKWARD_PLACEMENT_BUGS } from './placement.ts';
import { BACKWARD_STATISTIC_BUGS } from './statistic.ts';
import { GRADIENT_SUM_BUGS } from './sums.ts';

/** In the gradients. */
export const BACKWARD_BUGS: readonly Bug[] = [
  ...DX_BUGS,
  ...BACKWARD_STATISTIC_BUGS,
  ...GRADIENT_SUM_BUGS,
  ...BACKWARD_PLACEMENT_BUGS,
];
