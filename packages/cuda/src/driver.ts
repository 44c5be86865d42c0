import {
  type AbortSignalLike,
  type AddForwardIO,
  type BackwardIO,
  type Driver,
  type DType,
  type ForwardIO,
  type ForwardQuantizedIO,
  type GatedForwardIO,
  OPERATIONS,
  OPS,
  type Problem,
  type ScaleByIO,
  type SumSquaresIO,
  type Supports,
} from '@rmsnorm/core';
import { type GatedProblem, type QuantizedProblem, refuseOverlaps, type ScaleByProblem } from '@rmsnorm/core/driver';
import { blockAt, hex } from './adopt.ts';
import { addressOf, type Block } from './block.ts';
import { type AnyProblem, Calls } from './calls.ts';
import { Captures, type CudaGraph } from './capture.ts';
import { deviceError, onDevice } from './device-errors.ts';
import { fieldOf, OP, type Places } from './fields.ts';
import type { NativeBackend } from './native.ts';
import { Reads } from './reads.ts';
import { SUPPORTS } from './supports.ts';

export interface DriverOptions {
  readonly native: NativeBackend;
  /** Where the numbers of a call stand, and how many there are. */
  readonly places: Places;
  readonly length: number;
  /** The number of the GPU. */
  readonly ordinal: number;
}

/** Tensors in the memory of a GPU, and the kernels that run on them, in the order of one stream. */
export class CudaDriver implements Driver<Block> {
  readonly name: string = 'cuda';
  readonly device: string;
  readonly supports: Supports = SUPPORTS;
  readonly #native: NativeBackend;
  readonly #ordinal: number;
  readonly #at: Places;
  readonly #calls: Calls;
  /** For each operation, by its code: where the addresses of its operands stand, in the order of core's OPERATIONS. */
  readonly #operands: readonly (readonly number[])[];
  readonly #reads: Reads;
  readonly #captures: Captures;

  constructor({ native, places, length, ordinal }: DriverOptions) {
    this.#native = native;
    this.#ordinal = ordinal;
    this.device = native.device;
    this.#at = places;
    this.#calls = new Calls(places, length);
    this.#operands = SUPPORTS.ops.map((op) =>
      OPERATIONS[op].operands.map(({ name, role }) => places[fieldOf(name, role)]),
    );
    this.#reads = new Reads(native);
    this.#captures = new Captures(native);
  }

  /** It is given out: as long as nobody disposes of the backend, it lives. */
  get stream(): bigint {
    this.#native.keep();
    return this.#native.stream;
  }

  alloc(bytes: number): Block {
    this.#captures.refuse(
      'nothing can be allocated',
      'give a tensor that was made before as out, and call the norm once before, which uploads its gamma and beta',
    );
    return { address: onDevice(() => this.#native.alloc(bytes)), bytes, owned: true, freed: false };
  }

  free(block: Block): void {
    block.freed = true;
    if (block.owned) this.#captures.afterwards(() => onDevice(() => this.#native.free(block.address)));
  }

  write({ address }: Block, bytes: Uint8Array): void {
    this.#captures.refuse('nothing can be written', 'make tensors before');
    onDevice(() => this.#native.write(address, bytes));
  }

  async read(block: Block, into: Uint8Array, signal?: AbortSignalLike): Promise<void> {
    this.#captures.refuse('nothing can be read', 'what is captured runs at launch(): call data() after that');
    return this.#reads.read(block, into, signal);
  }

  adopt(handle: unknown, bytes: number, dtype: DType): Block {
    return onDevice(() => blockAt(this.#native, this.#ordinal, handle, bytes, dtype));
  }

  handle({ address }: Block): bigint {
    this.#native.keep();
    return BigInt(address);
  }

  // Without a list of operands, which would take a good part of the time of a small forward.
  forward(p: Problem, { x, gamma, beta, y, rstd }: ForwardIO<Block>): void {
    if (!(x.owned && y.owned && isOwned(gamma) && isOwned(beta) && isOwned(rstd))) {
      refuseOverlaps(OPERATIONS.forward.operands, [x, gamma, beta, y, rstd], hex);
    }
    if (this.#captures.running) this.#captures.note([x, gamma, beta, y, rstd]);
    const at = this.#at;
    const call = this.#calls.of(OP.forward, p);
    call[at.x] = x.address;
    call[at.gamma] = addressOf(gamma);
    call[at.beta] = addressOf(beta);
    call[at.y] = y.address;
    call[at.rstd] = addressOf(rstd);
    this.#launch(call);
  }

  // The operands are listed in the order of core's OPERATIONS.

  addForward(p: Problem, { x, residual, gamma, beta, y, sum, rstd }: AddForwardIO<Block>): void {
    this.#run(OP.addForward, p, [x, residual, gamma, beta, y, sum, rstd]);
  }

  gatedForward(p: GatedProblem, { x, gate, gamma, beta, y, rstd }: GatedForwardIO<Block>): void {
    this.#run(OP.gatedForward, p, [x, gate, gamma, beta, y, rstd]);
  }

  backward(p: Problem, { x, gamma, dy, rstd, dsum, dx, dgamma, dbeta }: BackwardIO<Block>): void {
    this.#run(OP.backward, p, [x, gamma, dy, rstd, dsum, dx, dgamma, dbeta]);
  }

  sumSquares(p: Problem, { x, sums }: SumSquaresIO<Block>): void {
    this.#run(OP.sumSquares, p, [x, sums]);
  }

  scaleBy(p: ScaleByProblem, { x, sums, gamma, beta, y }: ScaleByIO<Block>): void {
    this.#run(OP.scaleBy, p, [x, sums, gamma, beta, y]);
  }

  forwardQuantized(p: QuantizedProblem, { x, gamma, beta, q, scales }: ForwardQuantizedIO<Block>): void {
    this.#run(OP.forwardQuantized, p, [x, gamma, beta, q, scales]);
  }

  /**
   * @param assertAlive throws where the backend was disposed of
   * @throws RMSNormError INVALID_OPTION, and what `fn` and the device throw
   */
  capture(fn: () => void, assertAlive: () => void): CudaGraph {
    return this.#captures.capture(fn, assertAlive);
  }

  /** Settled once all that was enqueued has run, and reads have arrived. */
  async dispose(): Promise<void> {
    await this.#reads.idle();
    await new Promise<void>((resolve) => this.#native.close(resolve));
  }

  #run(op: number, p: AnyProblem, blocks: readonly (Block | null)[]): void {
    if (!blocks.every(isOwned)) refuseOverlaps(OPERATIONS[OPS[op]!].operands, blocks, hex);
    if (this.#captures.running) this.#captures.note(blocks);
    const call = this.#calls.of(op, p);
    const places = this.#operands[op]!;
    for (let i = 0; i < places.length; i++) call[places[i]!] = addressOf(blocks[i]!);
    this.#launch(call);
  }

  #launch(call: Float64Array): void {
    try {
      this.#native.launch(call);
    } catch (error) {
      throw deviceError(error);
    }
  }
}

function isOwned(block: Block | null): boolean {
  return block === null || block.owned;
}
