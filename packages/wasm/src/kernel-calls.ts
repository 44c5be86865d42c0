import { type ForwardIO, OPERATIONS, type Operand, type Problem } from '@rmsnorm/core';
import type { Block } from './block.ts';
import { type AnyProblem, Descriptor } from './descriptor.ts';
import { DESCRIPTOR_BYTES, OP, OPERAND, OPS, WORD } from './generated/descriptor/index.ts';
import { Interleaving, type InterleavingTrials } from './interleaving.ts';
import { type Kernels, MODULE_BYTES } from './kernels.ts';
import { refuseOverlaps } from './overlap.ts';
import type { Extents } from './parts.ts';
import type { Scratch } from './scratch.ts';
import type { WasmMemory } from './web-assembly.ts';

/** The descriptor of an operation, and what follows from what it describes. */
class Call extends Descriptor {
  readonly op: number;
  readonly operands: readonly Operand[];
  /** The fields for the addresses of the operands. */
  readonly fields: readonly number[];
  /** Null where there is no choice between the orders. */
  trials: InterleavingTrials | null = null;
  scratchBytes = 0;

  constructor(memory: WasmMemory, op: number) {
    super(memory, MODULE_BYTES + (op - 1) * DESCRIPTOR_BYTES);
    this.op = op;
    this.operands = OPERATIONS[OPS[op - 1]!].operands;
    this.fields = this.operands.map(({ name }) => OPERAND[name]);
  }
}

/**
 * Calls the compiled kernels on blocks of their memory.
 * Each method throws RMSNormError OUT_OF_MEMORY where there is no room for scratch memory, and ALIASING where wrapped memory
 * overlaps; then nothing is written.
 */
export class KernelCalls {
  readonly #kernels: Kernels;
  readonly #scratch: Scratch;
  readonly #interleaving = new Interleaving();
  /** By the code of the operation, less 1. */
  readonly #calls: readonly Call[];

  constructor(kernels: Kernels, memory: WasmMemory, scratch: Scratch) {
    this.#kernels = kernels;
    this.#scratch = scratch;
    this.#calls = OPS.map((_, i) => new Call(memory, i + 1));
  }

  /**
   * An operation on a whole problem.
   * @param op its code in OP
   * @param blocks its operands, in the order that they have in core's OPERATIONS
   */
  run(op: number, p: AnyProblem, blocks: readonly (Block | null)[]): void {
    const call = this.#calls[op - 1]!;
    this.#describe(call, p, p);
    const { fields, words } = call;
    let owned = true;
    for (let i = 0; i < fields.length; i++) {
      const block = blocks[i]!;
      words[fields[i]!] = block === null ? 0 : block.address;
      owned &&= block === null || block.owned;
    }
    if (!owned) refuseOverlaps(call.operands, blocks);
    this.#kernels.run(call.address, this.#scratch.reserve(call.scratchBytes));
  }

  /** The same of forward, written out: engines look names that vary up at the price of a small forward. */
  forward(p: Problem, { x, gamma, beta, y, rstd }: ForwardIO<Block>): void {
    if (!(x.owned && y.owned && isOwned(gamma) && isOwned(beta) && isOwned(rstd))) {
      refuseOverlaps(OPERATIONS.forward.operands, [x, gamma, beta, y, rstd]);
    }
    this.forwardPart(
      p,
      p,
      x.address,
      gamma === null ? 0 : gamma.address,
      beta === null ? 0 : beta.address,
      y.address,
      rstd === null ? 0 : rstd.address,
    );
  }

  /**
   * Normalizes the part of `p` whose extents are those of `part`, which lies contiguously at `x` and `y`.
   * Addresses of 0 stand for what there is not.
   */
  forwardPart(p: Problem, part: Extents, x: number, gamma: number, beta: number, y: number, rstd: number): void {
    const call = this.#calls[OP.forward - 1]!;
    this.#describe(call, p, part);
    const { words, trials } = call;
    words[WORD.x] = x;
    words[WORD.gamma] = gamma;
    words[WORD.beta] = beta;
    words[WORD.y] = y;
    words[WORD.rstd] = rstd;
    if (trials !== null) {
      words[WORD.interleaved] = Number(trials.interleaved);
      trials.begin(part.outer * part.groups * p.size);
    }
    this.#kernels.run(call.address, this.#scratch.reserve(call.scratchBytes));
    trials?.end();
  }

  #describe(call: Call, p: AnyProblem, part: Extents): void {
    if (!call.describe(call.op, p, part)) return;
    call.scratchBytes = this.#kernels.complete(call.address) >>> 0;
    call.trials = call.op === OP.forward ? this.#interleaving.trialsOf(p, part) : null;
  }
}

function isOwned(block: Block | null): boolean {
  return block === null || block.owned;
}
