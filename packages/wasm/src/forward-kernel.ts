import type { Problem } from '@rmsnorm/core';
import { DTYPE_CODE, FLAGS, type Kernels } from './kernels.ts';
import type { Extents } from './parts.ts';
import { RowOrders } from './row-orders.ts';
import type { Scratch } from './scratch.ts';

/** Calls the compiled forward: addresses, the numbers of a problem, and the scratch memory that it needs. */
export class ForwardKernel {
  readonly #kernels: Kernels;
  readonly #scratch: Scratch;
  readonly #orders = new RowOrders();

  constructor(kernels: Kernels, scratch: Scratch) {
    this.#kernels = kernels;
    this.#scratch = scratch;
  }

  /**
   * Normalizes the part of `p` whose extents are those of `part`, which lies contiguously at `x` and `y`.
   * Addresses of 0 stand for what there is not.
   * @throws RMSNormError OUT_OF_MEMORY for scratch memory, before anything is written
   */
  run(p: Problem, part: Extents, x: number, gamma: number, beta: number, y: number, rstd: number): void {
    const { outer, groups, inner } = part;
    const { size, weightOffset } = p;
    const dtype = DTYPE_CODE[p.dtype];
    const scratch = this.#scratch.reserve(this.#kernels.scratchBytes(dtype, groups, size, inner, weightOffset) >>> 0);
    const trials = this.#orders.trialsOf(p, part);
    trials?.begin(part.outer * groups * size);
    this.#kernels.forward(
      dtype,
      x,
      gamma,
      beta,
      y,
      rstd,
      scratch,
      outer,
      groups,
      size,
      inner,
      p.statSize,
      p.eps,
      p.epsMode === 'clamp' ? 1 : 0,
      p.alpha,
      weightOffset,
      (p.casting === 'llama' ? FLAGS.llama : 0) | (trials?.apart ? FLAGS.apart : 0),
    );
    trials?.end();
  }
}
