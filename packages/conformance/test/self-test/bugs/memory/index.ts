import type { Bug } from '../../bug.ts';
import { BLOCK_BUGS } from './blocks.ts';
import { ORDER_BUGS } from './order.ts';
import { OVERWRITTEN_BUGS } from './overwritten.ts';
import { STALE_BUGS } from './stale.ts';

/** In memory rather than in numbers. */
export const MEMORY_BUGS: readonly Bug[] = [...OVERWRITTEN_BUGS, ...STALE_BUGS, ...ORDER_BUGS, ...BLOCK_BUGS];
