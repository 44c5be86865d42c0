import { type ForwardIO, OPERATIONS, type Problem, refuseOverlaps } from '@rmsnorm/core';
import type { Block } from './block.ts';
import { type AnyProblem, Descriptor } from './descriptor.ts';
import { DESCRIPTOR_BYTES, OP, OPERAND, OPS, WORD } from './generated/descriptor/index.ts';
import { Interleaving, type InterleavingTrials } from './interleaving.ts';
import { HEAP_BASE, type Kernels, MODULE_BYTES } from './kernels.ts';
import type { Extents } from './parts.ts';
import type { Scratch } from './scratch.ts';
import type { WasmMemory } from './web-assembly.ts';

/** As many descriptors as there is room for. A model has norms of a few sizes, and uses a few operations. */
const MOST_DESCRIPTORS = Math.floor((HEAP_BASE - MODULE_BYTES) / DESCRIPTOR_BYTES);

/** A descriptor and what follows from it. */
class KeptDescriptor extends Descriptor {
  /** The fields for the addresses of the operands, in the order of core's OPERATIONS. */
  operandWords: readonly number[] = [];
  /** Null if there is no choice between two orders. */
  trials: InterleavingTrials | null = null;
  scratchBytes = 0;
}

/**
 * Calls the compiled kernels on blocks of their memory. Its methods throw RMSNormError OUT_OF_MEMORY if there is no room
 * for scratch memory, and ALIASING if wrapped memory overlaps. Then no output has been written.
 */
export class KernelCalls {
  readonly #kernels: Kernels;
  readonly #memory: WasmMemory;
  readonly #scratch: Scratch;
  readonly #interleaving = new Interleaving();
  readonly #kept: KeptDescriptor[] = [];
  #latest: KeptDescriptor;
  /** How many times a descriptor was written. */
  #written = 0;

  constructor(kernels: Kernels, memory: WasmMemory, scratch: Scratch) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#scratch = scratch;
    this.#latest = this.#newDescriptor();
  }

  /**
   * Runs an operation on a whole problem.
   * @param op its code in OP
   * @param blocks its operands, in the order of core's OPERATIONS
   */
  run(op: number, p: AnyProblem, blocks: readonly (Block | null)[]): void {
    const descriptor = this.#descriptorOf(op, p, p);
    const { operandWords, words } = descriptor;
    let owned = true;
    for (let i = 0; i < operandWords.length; i++) {
      const block = blocks[i]!;
      words[operandWords[i]!] = addressOf(block);
      owned &&= isOwned(block);
    }
    if (!owned) refuseOverlaps(OPERATIONS[OPS[op - 1]!].operands, blocks);
    this.#run(descriptor);
  }

  /** The same for forward, without a list of operands: it would take a good part of the time of a small forward. */
  forward(p: Problem, { x, gamma, beta, y, rstd }: ForwardIO<Block>): void {
    if (!(x.owned && y.owned && isOwned(gamma) && isOwned(beta) && isOwned(rstd))) {
      refuseOverlaps(OPERATIONS.forward.operands, [x, gamma, beta, y, rstd]);
    }
    this.forwardPart(p, p, x.address, addressOf(gamma), addressOf(beta), y.address, addressOf(rstd));
  }

  /**
   * Normalizes a part of `p` with the extents of `part`, which lies contiguously at `x` and `y`. An address of 0: no such
   * operand.
   */
  forwardPart(p: Problem, part: Extents, x: number, gamma: number, beta: number, y: number, rstd: number): void {
    const descriptor = this.#descriptorOf(OP.forward, p, part);
    const { words, trials } = descriptor;
    words[WORD.x] = x;
    words[WORD.gamma] = gamma;
    words[WORD.beta] = beta;
    words[WORD.y] = y;
    words[WORD.rstd] = rstd;
    if (trials === null) this.#run(descriptor);
    else this.#try(descriptor, trials, part.outer * part.groups * p.size);
  }

  // #try and #find are methods of their own, as each contains a function: engines make an object for that whenever the
  // method is called.

  #try(descriptor: KeptDescriptor, trials: InterleavingTrials, elements: number): void {
    descriptor.words[WORD.interleaved] = Number(trials.interleaved);
    trials.try(elements, () => this.#run(descriptor));
  }

  #run(descriptor: KeptDescriptor): void {
    this.#kernels.run(descriptor.address, this.#scratch.reserve(descriptor.scratchBytes));
  }

  /** A descriptor that describes this operation and part, and needs only addresses. */
  #descriptorOf(op: number, p: AnyProblem, part: Extents): KeptDescriptor {
    if (!this.#latest.isOf(op, p, part)) this.#latest = this.#find(op, p, part) ?? this.#describe(op, p, part);
    return this.#latest;
  }

  #find(op: number, p: AnyProblem, part: Extents): KeptDescriptor | undefined {
    return this.#kept.find((descriptor) => descriptor.isOf(op, p, part));
  }

  /** Describes it in a new descriptor, or else in the one that was written first. */
  #describe(op: number, p: AnyProblem, part: Extents): KeptDescriptor {
    const descriptor = this.#kept[this.#written++ % MOST_DESCRIPTORS] ?? this.#newDescriptor();
    descriptor.describe(op, p, part);
    descriptor.operandWords = OPERATIONS[OPS[op - 1]!].operands.map(({ name }) => OPERAND[name]);
    descriptor.scratchBytes = this.#kernels.complete(descriptor.address) >>> 0;
    descriptor.trials = op === OP.forward ? this.#interleaving.trialsOf(p, part) : null;
    return descriptor;
  }

  #newDescriptor(): KeptDescriptor {
    const descriptor = new KeptDescriptor(this.#memory, MODULE_BYTES + this.#kept.length * DESCRIPTOR_BYTES);
    this.#kept.push(descriptor);
    return descriptor;
  }
}

function isOwned(block: Block | null): boolean {
  return block === null || block.owned;
}

function addressOf(block: Block | null): number {
  return block === null ? 0 : block.address;
}
