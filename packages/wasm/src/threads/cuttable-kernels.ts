import type { Kernels } from '../kernels.ts';

/** What the module exports for problems that are cut between columns. */
export interface CuttableKernels extends Kernels {
  /** The operation that has begun does these columns of every slab alone: from `first` on, up to `end`. */
  setColumns(first: number, end: number): void;
  /** forward of what `begin` was told. */
  all(x: number, y: number, rstd: number): void;
}
