import { RMSNormError } from '@rmsnorm/core';
import { DESCRIPTOR_BYTES, OP, WORD } from '../generated/descriptor/index.ts';
import type { Kernels } from '../kernels.ts';
import type { Scratch } from '../scratch.ts';
import type { WasmMemory } from '../web-assembly.ts';
import { FAILED, queueOf, SLEEPING, scratchOf } from './control.ts';
import { takeChunks } from './job.ts';
import { isPlanOf, type Plan, planOf } from './plan.ts';
import { runJob } from './protocol.ts';
import { Waking } from './waking.ts';

/** Which calls are shared, and how. */
export interface Sizes {
  /** The least elements of a call that is cut. */
  readonly call: number;
  /** The least elements that a chunk should have. */
  readonly chunk: number;
  /** The least milliseconds of a call for which workers are woken. */
  readonly wake: number;
}

// One thread does smaller calls sooner than two that must synchronize. Smaller chunks spend more of their time beginning
// and ending, when reading, computing and writing do not overlap. Waking a thread takes 10 microseconds, synchronizing
// with one that is awake takes 1.
export const SIZES: Sizes = { call: 32768, chunk: 32768, wake: 0.1 };

// Up to so many weights are made at once (assembly/weights.ts), or packed at once with and without a weightOffset
// (assembly/half/packed-weights.ts). If all groups have more, a part of the groups may need more scratch memory than all
// of them.
const WEIGHTS_AT_ONCE = [65536, 16384, 3 * 16384];

/** The threads of a backend, and the memory that they share. */
export interface Threads {
  /** The words of control.ts. */
  readonly control: Int32Array;
  readonly memory: WasmMemory;
  /** The address of the chunks' descriptors: CHUNKS_PER_THREAD for each thread. */
  readonly chunks: number;
  /** The scratch memory of each worker. */
  readonly scratches: readonly Scratch[];
  /** Whether the calling thread may sleep while workers finish. The main thread of a page must not. */
  readonly maySleep: boolean;
}

/**
 * Kernels that cut large calls into chunks, which the calling thread and the workers share. The bits are those of one
 * thread, as the bits of a row do not depend on the call.
 */
export class ThreadedKernels implements Kernels {
  readonly #one: Kernels;
  readonly #threads: Threads;
  readonly #count: number;
  readonly #sizes: Sizes;
  readonly #work: () => void;
  readonly #waking: Waking;
  readonly #plans = new Map<number, Plan>();
  /** The memory as 32-bit words. It may have grown since, but this covers all descriptors. */
  #words: Uint32Array = new Uint32Array();
  /** The descriptor that the chunks' descriptors were copied from, or 0. */
  #copied = 0;

  /** @param one the kernels of the calling thread */
  constructor(one: Kernels, threads: Threads, sizes: Sizes = SIZES) {
    const count = threads.scratches.length + 1;
    this.#one = one;
    this.#threads = threads;
    this.#count = count;
    this.#sizes = sizes;
    this.#waking = new Waking(sizes.wake);
    this.#work = () => takeChunks(threads.control, { kernels: one, thread: 0, threads: count, chunks: threads.chunks });
  }

  complete(descriptor: number): number {
    if (descriptor + DESCRIPTOR_BYTES > this.#words.byteLength) {
      this.#words = new Uint32Array(this.#threads.memory.buffer);
    }
    this.#copied = 0;
    const bytes = this.#bytesOfParts(descriptor);
    if (this.#isLarge(descriptor)) {
      let plan = this.#plans.get(descriptor);
      if (!plan || !isPlanOf(plan, this.#words, descriptor >>> 2)) {
        plan = planOf(this.#words, descriptor >>> 2, this.#count, this.#sizes.chunk);
        this.#plans.set(descriptor, plan);
      }
      plan.scratchBytes = bytes;
    }
    return bytes;
  }

  run(descriptor: number, scratch: number): void {
    if (!this.#isLarge(descriptor)) {
      this.#one.run(descriptor, scratch);
      return;
    }
    const plan = this.#plans.get(descriptor)!;
    const asleep = Atomics.load(this.#threads.control, SLEEPING);
    const wake = asleep > 0 && this.#waking.isWorth(plan.ms);
    const alone = asleep === this.#count - 1 && !wake;
    if (!alone && plan.chunks.length > 1) {
      this.#share(descriptor, plan, scratch, wake ? asleep : 0);
      return;
    }
    this.#one.run(descriptor, scratch);
    // A call may take much longer, as the engine was compiling: it counts as at most twice as long.
    if (alone) plan.ms += (Math.min(this.#waking.endsAlone(), 2 * plan.ms) - plan.ms) / 4;
  }

  /** Whether a call is shared. backward never is: it sums dgamma and dbeta over all rows in a fixed order. */
  #isLarge(descriptor: number): boolean {
    const words = this.#words;
    const at = descriptor >>> 2;
    const rows = words[at + WORD.outer]! * words[at + WORD.groups]!;
    const elements = rows * words[at + WORD.size]! * words[at + WORD.inner]!;
    return elements >= this.#sizes.call && words[at + WORD.op] !== OP.backward;
  }

  /** Cuts a call and runs its chunks together with the workers. */
  #share(descriptor: number, plan: Plan, scratch: number, sleepers: number): void {
    const { control, scratches, maySleep } = this.#threads;
    const count = plan.chunks.length;
    for (let t = 1; t < this.#count; t++) control[scratchOf(t)] = scratches[t - 1]!.reserve(plan.scratchBytes);
    control[scratchOf(0)] = scratch;
    for (let t = 0; t < this.#count; t++) {
      control[queueOf(t)] = Math.floor((t * count) / this.#count);
      control[queueOf(t) + 1] = Math.floor(((t + 1) * count) / this.#count);
    }
    if (this.#copied !== descriptor) this.#copyToChunks(descriptor, plan);
    this.#writeAddresses(descriptor >>> 2, plan);
    runJob(control, sleepers, maySleep, this.#work);
    if (Atomics.load(control, FAILED) === 1) {
      throw new RMSNormError(
        'DEVICE_ERROR',
        'a worker thread of wasm() failed: dispose this backend and create another',
      );
    }
  }

  /** Writes the chunks' descriptors, apart from addresses. */
  #copyToChunks(descriptor: number, { chunks }: Plan): void {
    const words = this.#words;
    chunks.forEach(({ outer, groups, firstColumn, endColumn }, i) => {
      const at = this.#copyToChunk(descriptor, i) >>> 2;
      words[at + WORD.outer] = outer;
      words[at + WORD.groups] = groups;
      words[at + WORD.firstColumn] = firstColumn;
      words[at + WORD.endColumn] = endColumn;
    });
    this.#copied = descriptor;
  }

  #copyToChunk(descriptor: number, chunk: number): number {
    const to = this.#threads.chunks + chunk * DESCRIPTOR_BYTES;
    this.#words.copyWithin(to >>> 2, descriptor >>> 2, (descriptor + DESCRIPTOR_BYTES) >>> 2);
    return to;
  }

  /** Writes what differs from one call to the next. */
  #writeAddresses(at: number, { chunks, operands }: Plan): void {
    const words = this.#words;
    for (let i = 0; i < chunks.length; i++) {
      const to = (this.#threads.chunks + i * DESCRIPTOR_BYTES) >>> 2;
      words[to + WORD.interleaved] = words[at + WORD.interleaved]!;
      for (let k = 0; k < operands.length; k++) {
        const { word, offsets } = operands[k]!;
        const address = words[at + word]!;
        // An address of 0 stays 0: there is no such operand.
        words[to + word] = address && address + offsets[i]!;
      }
    }
  }

  /**
   * The most scratch memory that any part of the groups needs: all groups, or as many as have their weights in memory at
   * once.
   */
  #bytesOfParts(descriptor: number): number {
    let most = this.#one.complete(descriptor) >>> 0;
    const words = this.#words;
    const groups = words[(descriptor >>> 2) + WORD.groups]!;
    const size = words[(descriptor >>> 2) + WORD.size]!;
    if (groups === 1) return most;
    const part = this.#copyToChunk(descriptor, 0);
    for (const weights of WEIGHTS_AT_ONCE) {
      // The packed weights of a group are followed by zeros up to a multiple of 16.
      for (const each of [size, (size + 15) & ~15]) {
        const some = Math.floor(weights / each);
        if (some === 0 || some >= groups) continue;
        words[(part >>> 2) + WORD.groups] = some;
        most = Math.max(most, this.#one.complete(part) >>> 0);
      }
    }
    return most;
  }
}
