import { RMSNormError } from '@rmsnorm/core';
import { deviceError, type Scopes } from '../device/error-scopes.ts';
import type {
  GPUBufferLike,
  GPUCommandEncoderLike,
  GPUComputePassLike,
  GPUDeviceLike,
  GPUObject,
} from '../device/gpu.ts';
import type { Loss } from '../device/loss.ts';
import type { Memory } from '../memory/memory.ts';
import { type Entry, Journal } from './journal.ts';

/** A loop without a pause is submitted in parts of so many dispatches, so that the device need not wait for its end. */
const MOST_DISPATCHES = 1024;

/**
 * Work in call order: gathered in one encoder, and submitted once at the end of the turn, or when someone must see its
 * effect. While a recording runs, it goes into the caller's encoder instead, and is not submitted.
 */
export class Work {
  readonly #device: GPUDeviceLike;
  readonly #loss: Loss;
  readonly #scopes: Scopes;
  readonly #journal = new Journal();
  readonly #doomed: Memory[] = [];
  readonly #endTurn = (): void => {
    this.#turnEnds = false;
    this.submit();
  };
  #encoder: GPUCommandEncoderLike | null = null;
  #recording: GPUCommandEncoderLike | null = null;
  #pass: GPUComputePassLike | null = null;
  // What is set in the open pass.
  #pipeline: GPUObject | null = null;
  #group: GPUObject | null = null;
  #dispatches = 0;
  #turnEnds = false;
  #batch = 0;

  constructor(device: GPUDeviceLike, loss: Loss, scopes: Scopes) {
    this.#device = device;
    this.#loss = loss;
    this.#scopes = scopes;
  }

  /** The open batch: memory that carries its number is used by work that is not submitted. */
  get batch(): number {
    return this.#batch;
  }

  get recording(): boolean {
    return this.#recording !== null;
  }

  /** Before each call, whose dispatches stay in one batch. */
  makeRoom(): void {
    if (this.#dispatches >= MOST_DISPATCHES) this.submit();
  }

  dispatch(pipeline: GPUObject, group: GPUObject, [x, y, z]: readonly [number, number, number]): void {
    this.#dispatches += 1;
    this.#pass ??= this.#open().beginComputePass();
    const pass = this.#pass;
    // A loop over one layer sets the same over and over.
    if (this.#pipeline !== pipeline) pass.setPipeline(pipeline as never);
    if (this.#group !== group) pass.setBindGroup(0, group as never);
    this.#pipeline = pipeline;
    this.#group = group;
    pass.dispatchWorkgroups(x, y, z);
  }

  /** Writes down what happened to blocks. What is recorded is the caller's to submit, and the caller's to hear of. */
  note(entry: Entry): void {
    if (this.#recording === null) this.#journal.note(this.#batch, entry);
  }

  /** An upload, which goes around the encoder. */
  noteUpload(entry: Entry): void {
    if (this.#journal.watching) this.#journal.note(this.#batch, entry);
  }

  copy(source: GPUBufferLike, offset: number, target: GPUBufferLike, bytes: number): void {
    const encoder = this.#open();
    this.#endPass();
    encoder.copyBufferToBuffer(source as never, offset, target as never, 0, bytes);
  }

  /** Submits what is enqueued; of a recording, nothing. */
  submit(): void {
    const encoder = this.#encoder;
    if (encoder === null || this.#recording !== null) return;
    this.#endPass();
    this.#encoder = null;
    this.#dispatches = 0;
    const batch = this.#batch;
    this.#batch += 1;
    this.#scopes.watch(
      'validation',
      () => this.#device.queue.submit([encoder.finish()] as never),
      (error) => {
        if (error === null) this.#journal.taken(batch);
        else this.#journal.refused(batch, deviceError(error, 'the device refused the work behind this tensor'));
      },
    );
    for (const memory of this.#doomed.splice(0)) memory.buffer.destroy();
  }

  /** Destroys a buffer of ours, after the submit where work on it is not submitted yet. */
  destroy(memory: Memory): void {
    if (memory.lent || (this.recording && memory.batch === this.#batch)) return;
    if (memory.batch === this.#batch && this.#encoder !== null) this.#doomed.push(memory);
    else memory.buffer.destroy();
  }

  /** Submits what is pending; what `enqueue` enqueues then goes into `encoder`, and is left there. */
  record(encoder: GPUCommandEncoderLike, enqueue: () => void): void {
    if (this.#recording !== null) {
      throw new RMSNormError('INVALID_OPTION', 'record() was called within record(): end the outer one first');
    }
    this.#loss.check();
    this.submit();
    // A number of its own: what is used in a recording is not pending here.
    this.#batch += 1;
    this.#recording = encoder;
    try {
      enqueue();
    } finally {
      this.#endPass();
      this.#dispatches = 0;
      this.#recording = null;
      this.#batch += 1;
    }
  }

  #open(): GPUCommandEncoderLike {
    if (this.#recording !== null) return this.#recording;
    this.#encoder ??= this.#device.createCommandEncoder();
    if (!this.#turnEnds) {
      this.#turnEnds = true;
      Promise.resolve().then(this.#endTurn);
    }
    return this.#encoder;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = null;
    this.#pipeline = null;
    this.#group = null;
  }
}
