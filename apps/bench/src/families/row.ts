import type { Spec } from '../spec.ts';

/** One row of a table, before the target and the options of a run make a {@link Spec} of it. */
export type TableRow = Pick<Spec, 'family' | 'op' | 'place' | 'dtype' | 'shape'>;
