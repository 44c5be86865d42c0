import type { Bug } from '../../bug.ts';
import { PLAN_BIT_BUGS } from './bits.ts';
import { CREATION_BUGS } from './creations.ts';
import { OPERAND_BUGS } from './operands.ts';
import { TRIPLE_BUGS } from './options.ts';
import { PLACE_BUGS } from './places.ts';
import { RING_BUGS } from './ring.ts';
import { PLAN_SUM_BUGS } from './sums.ts';
import { TRANSFER_BUGS } from './transfers.ts';

/** Of kinds that real kernels have, and that show only for some size, place or options together. */
export const PLAN_BUGS: readonly Bug[] = [
  ...RING_BUGS,
  ...OPERAND_BUGS,
  ...PLACE_BUGS,
  ...PLAN_SUM_BUGS,
  ...PLAN_BIT_BUGS,
  ...TRIPLE_BUGS,
  ...TRANSFER_BUGS,
  ...CREATION_BUGS,
];
