import type {
  AddForwardIO,
  BackwardIO,
  ForwardQuantizedIO,
  GatedForwardIO,
  Op,
  Problem,
  ScaleByIO,
  SumSquaresIO,
} from '@rmsnorm/core';
import type { Block } from './block.ts';
import { DTYPE_CODE, FLAGS, type Kernels, OP_CODE } from './kernels.ts';
import { refuseOverlapsOf } from './overlap.ts';
import type { Scratch } from './scratch.ts';

interface Weights {
  readonly gamma: Block | null;
  readonly beta?: Block | null;
}

/**
 * Calls the compiled operations beside forward.
 * Each throws RMSNormError ALIASING where wrapped memory overlaps, OUT_OF_MEMORY for scratch memory; then nothing is
 * written.
 */
export class OperationKernels {
  readonly #kernels: Kernels;
  readonly #scratch: Scratch;

  constructor(kernels: Kernels, scratch: Scratch) {
    this.#kernels = kernels;
    this.#scratch = scratch;
  }

  addForward(p: Problem, { x, residual, gamma, beta, y, sum, rstd }: AddForwardIO<Block>): void {
    refuseOverlapsOf({ y, sum }, { x, residual }, { gamma, beta, rstd });
    this.#begin('addForward', p, { gamma, beta });
    this.#kernels.addForward(x.address, residual.address, sum.address, y.address, addressOf(rstd));
  }

  gatedForward(
    p: Problem & { readonly normBeforeGate: boolean },
    { x, gate, gamma, beta, y, rstd }: GatedForwardIO<Block>,
  ): void {
    refuseOverlapsOf({ y }, { x, gate }, { gamma, beta, rstd });
    this.#begin('gatedForward', p, { gamma, beta });
    this.#kernels.gatedForward(x.address, gate.address, y.address, addressOf(rstd), Number(p.normBeforeGate));
  }

  backward(p: Problem, { x, gamma, dy, rstd, dsum, dx, dgamma, dbeta }: BackwardIO<Block>): void {
    refuseOverlapsOf({ dx }, { x, dy }, { gamma, rstd, dsum, dgamma, dbeta });
    this.#begin('backward', p, { gamma });
    this.#kernels.backward(
      x.address,
      dy.address,
      addressOf(rstd),
      addressOf(dsum),
      dx.address,
      addressOf(dgamma),
      addressOf(dbeta),
    );
  }

  sumSquares(p: Problem, { x, sums }: SumSquaresIO<Block>): void {
    this.#begin('sumSquares', p, { gamma: null });
    this.#kernels.sumSquares(x.address, sums.address);
  }

  scaleBy(p: Problem & { readonly count: number }, { x, sums, gamma, beta, y }: ScaleByIO<Block>): void {
    refuseOverlapsOf({ y }, { x }, { sums, gamma, beta });
    this.#begin('scaleBy', p, { gamma, beta });
    this.#kernels.scaleBy(x.address, sums.address, p.count, y.address);
  }

  forwardQuantized(
    p: Problem & { readonly scale: number | null },
    { x, gamma, beta, q, scales }: ForwardQuantizedIO<Block>,
  ): void {
    refuseOverlapsOf({ q }, {}, { x, gamma, beta, scales });
    refuseOverlapsOf({ scales }, {}, { x, gamma, beta });
    this.#begin('forwardQuantized', p, { gamma, beta });
    this.#kernels.forwardQuantized(x.address, q.address, scales.address, p.scale ?? 0);
  }

  #begin(op: Op, p: Problem, { gamma, beta = null }: Weights): void {
    const { outer, groups, size, inner, weightOffset } = p;
    const code = OP_CODE[op];
    const dtype = DTYPE_CODE[p.dtype];
    const bytes = this.#kernels.operationBytes(code, dtype, groups, size, inner, weightOffset) >>> 0;
    this.#kernels.begin(
      code,
      dtype,
      addressOf(gamma),
      addressOf(beta),
      this.#scratch.reserve(bytes),
      outer,
      groups,
      size,
      inner,
      p.statSize,
      p.eps,
      p.epsMode === 'clamp' ? 1 : 0,
      p.alpha,
      weightOffset,
      p.casting === 'llama' ? FLAGS.llama : 0,
    );
  }
}

function addressOf(block: Block | null): number {
  return block === null ? 0 : block.address;
}
