import type { Spec } from '../spec.ts';

/** One row of a table of some target: what the target and the options of a run make a {@link Spec} of. */
export type TableRow = Pick<Spec, 'family' | 'op' | 'place' | 'dtype' | 'shape'>;
