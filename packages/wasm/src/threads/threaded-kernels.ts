import { RMSNormError } from '@rmsnorm/core';
import { DTYPE_CODE, type Kernels, OP_CODE } from '../kernels.ts';
import type { Scratch } from '../scratch.ts';
import {
  CHUNK_NUMBERS,
  CHUNKS_PER_THREAD,
  type Control,
  FAILED,
  JOB_NUMBERS,
  queueOf,
  SLEEPING,
  scratchOf,
} from './control.ts';
import { type Chunk, cut } from './cut.ts';
import type { CuttableKernels } from './cuttable-kernels.ts';
import { takeChunks } from './job.ts';
import { type Operand, operandsOf } from './operands.ts';
import { runJob } from './protocol.ts';
import { Waking } from './waking.ts';

/** What is large. */
export interface Sizes {
  /** From how many elements on a call is cut. */
  readonly call: number;
  /** How many elements a chunk should have at least. */
  readonly chunk: number;
  /** A call of how many milliseconds is worth waking workers for. */
  readonly wake: number;
}

// Smaller calls are done sooner by one thread than by two that have to meet, and smaller chunks spend more on beginning
// and ending, where reading, computing and writing do not overlap.
// Waking somebody takes 10 microseconds, meeting somebody who is awake one.
const SIZES: Sizes = { call: 32768, chunk: 32768, wake: 0.1 };
/** Milliseconds for an element, as long as it is not known better. */
const ELEMENT_MS = 2e-7;

/** Slabs are cut at multiples of so many columns: a cache line of the narrowest floats. */
const COLUMN_STEP = 32;

// Up to so many weights are made at once (assembly/weights.ts), or packed at once, with a weightOffset and without
// (assembly/packed-16.ts): a part of the groups may need more scratch memory than all of them, whose weights are too many.
const WEIGHTS_AT_ONCE = [65536, 16384, 3 * 16384];

/**
 * The kernels of one thread, but large calls are cut into chunks, which the calling thread and the workers share. The
 * bits are the same: a row's do not depend on the call that it is done in.
 */
export class ThreadedKernels implements Kernels {
  readonly #one: CuttableKernels;
  readonly #control: Control;
  readonly #threads: number;
  readonly #scratches: readonly Scratch[];
  readonly #maySleep: boolean;
  readonly #sizes: Sizes;
  readonly #work: () => void;
  // What `begin` was told of a large call.
  #large = false;
  #gamma = 0;
  #beta = 0;
  #scratch = 0;
  #outer = 0;
  #groups = 0;
  #plan: Plan | null = null;
  readonly #waking: Waking;

  /**
   * @param one the calling thread's own
   * @param scratches scratch memory of each worker, of which there is one less than threads
   * @param maySleep whether the calling thread may sleep while workers finish: a page's main thread must not
   */
  constructor(
    one: CuttableKernels,
    control: Control,
    scratches: readonly Scratch[],
    maySleep: boolean,
    sizes: Sizes = SIZES,
  ) {
    const threads = scratches.length + 1;
    this.#one = one;
    this.#control = control;
    this.#threads = threads;
    this.#scratches = scratches;
    this.#maySleep = maySleep;
    this.#sizes = sizes;
    this.#waking = new Waking(sizes.wake);
    this.#work = () => takeChunks(control, { kernels: one, thread: 0, threads });
  }

  scratchBytes(dtype: number, groups: number, size: number, inner: number, weightOffset: number): number {
    return mostOfParts(groups, size, (some) => this.#one.scratchBytes(dtype, some, size, inner, weightOffset));
  }

  operationBytes(op: number, dtype: number, groups: number, size: number, inner: number, weightOffset: number): number {
    return mostOfParts(groups, size, (some) => this.#one.operationBytes(op, dtype, some, size, inner, weightOffset));
  }

  forward(
    dtype: number,
    x: number,
    gamma: number,
    beta: number,
    y: number,
    rstd: number,
    scratch: number,
    outer: number,
    groups: number,
    size: number,
    inner: number,
    statSize: number,
    eps: number,
    clamp: number,
    alpha: number,
    weightOffset: number,
    flags: number,
  ): void {
    if (!this.#isLarge(outer * groups * size * inner)) {
      this.#one.forward(
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
        statSize,
        eps,
        clamp,
        alpha,
        weightOffset,
        flags,
      );
      return;
    }
    this.begin(
      OP_CODE.forward,
      dtype,
      gamma,
      beta,
      scratch,
      outer,
      groups,
      size,
      inner,
      statSize,
      eps,
      clamp,
      alpha,
      weightOffset,
      flags,
    );
    this.#run([x, y, rstd]);
  }

  begin(
    op: number,
    dtype: number,
    gamma: number,
    beta: number,
    scratch: number,
    outer: number,
    groups: number,
    size: number,
    inner: number,
    statSize: number,
    eps: number,
    clamp: number,
    alpha: number,
    weightOffset: number,
    flags: number,
  ): void {
    // backward sums dgamma and dbeta over all rows, in a fixed order, and its kernel has memory that is not scratch memory.
    this.#large = op !== OP_CODE.backward && this.#isLarge(outer * groups * size * inner);
    if (!this.#large) {
      this.#one.begin(
        op,
        dtype,
        gamma,
        beta,
        scratch,
        outer,
        groups,
        size,
        inner,
        statSize,
        eps,
        clamp,
        alpha,
        weightOffset,
        flags,
      );
      return;
    }
    // What all chunks have in common.
    const { job } = this.#control;
    job[0] = op;
    job[1] = dtype;
    job[2] = size;
    job[3] = inner;
    job[4] = statSize;
    job[5] = eps;
    job[6] = clamp;
    job[7] = alpha;
    job[8] = weightOffset;
    job[9] = flags;
    this.#gamma = gamma;
    this.#beta = beta;
    this.#scratch = scratch;
    this.#outer = outer;
    this.#groups = groups;
  }

  addForward(x: number, residual: number, sum: number, y: number, rstd: number): void {
    if (this.#large) this.#run([x, residual, sum, y, rstd]);
    else this.#one.addForward(x, residual, sum, y, rstd);
  }

  gatedForward(x: number, gate: number, y: number, rstd: number, normBeforeGate: number): void {
    if (this.#large) this.#run([x, gate, y, rstd, normBeforeGate]);
    else this.#one.gatedForward(x, gate, y, rstd, normBeforeGate);
  }

  backward(x: number, dy: number, rstd: number, dsum: number, dx: number, dgamma: number, dbeta: number): void {
    this.#one.backward(x, dy, rstd, dsum, dx, dgamma, dbeta);
  }

  sumSquares(x: number, sums: number): void {
    if (this.#large) this.#run([x, sums]);
    else this.#one.sumSquares(x, sums);
  }

  scaleBy(x: number, sums: number, count: number, y: number): void {
    if (this.#large) this.#run([x, sums, count, y]);
    else this.#one.scaleBy(x, sums, count, y);
  }

  forwardQuantized(x: number, q: number, scales: number, scale: number): void {
    if (this.#large) this.#run([x, q, scales, scale]);
    else this.#one.forwardQuantized(x, q, scales, scale);
  }

  #isLarge(elements: number): boolean {
    return elements >= this.#sizes.call;
  }

  /** Runs the operation that is stored, by the caller alone where there is nothing to cut. */
  #run(operands: readonly number[]): void {
    const { words, job } = this.#control;
    const threads = this.#threads;
    const plan = this.#planOfJob();
    const { strides, scratchBytes } = plan;
    const asleep = Atomics.load(words, SLEEPING);
    const wake = asleep > 0 && this.#waking.isWorth(plan.ms);
    const alone = asleep === threads - 1 && !wake;
    const chunks = alone ? plan.all : plan.chunks;
    for (let i = 0; i < chunks.length; i++) {
      const { slab, firstGroup, outer, groups, firstColumn, endColumn } = chunks[i]!;
      const at = JOB_NUMBERS + i * CHUNK_NUMBERS;
      const feature = firstGroup * job[2]! * 4;
      // An address of 0 stands for what there is not, in every chunk.
      job[at] = this.#gamma && this.#gamma + feature;
      job[at + 1] = this.#beta && this.#beta + feature;
      job[at + 2] = outer;
      job[at + 3] = groups;
      job[at + 4] = firstColumn;
      job[at + 5] = endColumn;
      for (let k = 0; k < operands.length; k++) {
        const value = operands[k]!;
        job[at + 6 + k] = value && value + Math.round(slab * strides[k]!);
      }
    }
    for (let t = 0; t < threads; t++) {
      words[queueOf(t)] = Math.floor((t * chunks.length) / threads);
      words[queueOf(t) + 1] = Math.floor(((t + 1) * chunks.length) / threads);
    }
    words[scratchOf(0)] = this.#scratch;
    if (chunks.length === 1) {
      this.#work();
      // An outlier, of an engine that was compiling, moves it by a quarter at most.
      if (alone) plan.ms += (Math.min(this.#waking.endsAlone(), 2 * plan.ms) - plan.ms) / 4;
      return;
    }
    for (let t = 1; t < threads; t++) words[scratchOf(t)] = this.#scratches[t - 1]!.reserve(scratchBytes);
    runJob(this.#control, wake ? asleep : 0, this.#maySleep, this.#work);
    if (Atomics.load(words, FAILED) === 1) {
      throw new RMSNormError(
        'DEVICE_ERROR',
        'a worker thread of wasm() failed: dispose this backend and create another',
      );
    }
  }

  /** How the job that is stored is cut: as the one before, where it is of the same kind and extents. */
  #planOfJob(): Plan {
    const { job } = this.#control;
    const plan = this.#plan;
    if (
      plan !== null &&
      plan.op === job[0] &&
      plan.dtype === job[1] &&
      plan.size === job[2] &&
      plan.inner === job[3] &&
      plan.weightOffset === job[8] &&
      plan.outer === this.#outer &&
      plan.groups === this.#groups
    ) {
      return plan;
    }
    this.#plan = this.#newPlan();
    return this.#plan;
  }

  #newPlan(): Plan {
    const { job } = this.#control;
    const [op, dtype, size, inner, weightOffset] = [job[0]!, job[1]!, job[2]!, job[3]!, job[8]!];
    const [outer, groups, threads] = [this.#outer, this.#groups, this.#threads];
    const each = Math.floor((outer * groups * size * inner) / (this.#sizes.chunk * threads));
    const chunks = cut({
      outer,
      groups,
      inner,
      threads,
      most: threads * Math.max(1, Math.min(CHUNKS_PER_THREAD, each)),
      apart: op !== OP_CODE.forwardQuantized,
      step: COLUMN_STEP,
    });
    const bytesOf: Readonly<Record<Operand, number>> = {
      number: 0,
      elements: size * inner * (dtype === DTYPE_CODE.float32 ? 4 : 2),
      bytes: size * inner,
      rows: inner * 4,
      columns: (inner * 4) / groups,
    };
    return {
      op,
      dtype,
      size,
      inner,
      weightOffset,
      outer,
      groups,
      ms: outer * groups * size * inner * ELEMENT_MS,
      all: cut({ outer, groups, inner, threads, most: 1, apart: false, step: inner }),
      chunks,
      strides: operandsOf(op).map((operand) => bytesOf[operand]),
      scratchBytes: this.operationBytes(op, dtype, groups, size, inner, weightOffset),
    };
  }
}

/** How jobs of one kind and of the same extents are cut. */
interface Plan {
  readonly op: number;
  readonly dtype: number;
  readonly size: number;
  readonly inner: number;
  readonly weightOffset: number;
  readonly outer: number;
  readonly groups: number;
  /** How long one takes that is done alone, about, in milliseconds. */
  ms: number;
  /** One chunk. */
  readonly all: readonly Chunk[];
  readonly chunks: readonly Chunk[];
  /** Bytes from one slab to the next, of each operand. */
  readonly strides: readonly number[];
  /** What a worker needs. */
  readonly scratchBytes: number;
}

/** The most bytes that some of the groups need: all, or as many as have their weights in memory at once. */
function mostOfParts(groups: number, size: number, bytesOf: (some: number) => number): number {
  let most = bytesOf(groups) >>> 0;
  if (groups === 1) return most;
  for (const weights of WEIGHTS_AT_ONCE) {
    // Packed weights of a group are filled up to a multiple of 16.
    for (const each of [size, (size + 15) & ~15]) {
      const some = Math.floor(weights / each);
      if (some > 0 && some < groups) most = Math.max(most, bytesOf(some) >>> 0);
    }
  }
  return most;
}
