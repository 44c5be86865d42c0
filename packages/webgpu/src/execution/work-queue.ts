import { RMSNormError } from '@rmsnorm/core';
import { deviceError, type ErrorScopes } from '../device/error-scopes.ts';
import type { DeviceLoss } from '../device/loss.ts';
import type { Memory } from '../memory/block.ts';
import { type Entry, Journal } from './journal.ts';

/** A loop without a pause is submitted every so many dispatches, so that the device need not wait for its end. */
const MOST_DISPATCHES = 1024;

/**
 * Work in call order: gathered in one encoder, and submitted once at the end of the turn of the event loop, or when its
 * effect must be seen. While a recording runs, work goes into the caller's encoder instead, and is not submitted.
 */
export class WorkQueue {
  readonly #device: GPUDevice;
  readonly #loss: DeviceLoss;
  readonly #scopes: ErrorScopes;
  readonly #journal = new Journal();
  // Destroyed after the next submit.
  readonly #destroyedLater: Memory[] = [];
  readonly #endTurn = (): void => {
    this.#turnEnds = false;
    this.submit();
  };
  #encoder: GPUCommandEncoder | null = null;
  #recording: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  // What is set in the open pass.
  #pipeline: GPUComputePipeline | null = null;
  #group: GPUBindGroup | null = null;
  #dispatches = 0;
  #turnEnds = false;
  #batch = 0;

  constructor(device: GPUDevice, loss: DeviceLoss, scopes: ErrorScopes) {
    this.#device = device;
    this.#loss = loss;
    this.#scopes = scopes;
  }

  /** The number of the open batch: memory that carries it is used by work that is not submitted. */
  get batch(): number {
    return this.#batch;
  }

  get recording(): boolean {
    return this.#recording !== null;
  }

  /** Submits where the batch is full. Called before each call, whose dispatches stay in one batch. */
  makeRoom(): void {
    if (this.#dispatches >= MOST_DISPATCHES) this.submit();
  }

  dispatch(pipeline: GPUComputePipeline, group: GPUBindGroup, [x, y, z]: readonly [number, number, number]): void {
    this.#dispatches += 1;
    this.#pass ??= this.#open().beginComputePass();
    const pass = this.#pass;
    // A loop over one layer sets the same over and over.
    if (this.#pipeline !== pipeline) pass.setPipeline(pipeline);
    if (this.#group !== group) pass.setBindGroup(0, group);
    this.#pipeline = pipeline;
    this.#group = group;
    pass.dispatchWorkgroups(x, y, z);
  }

  /** Writes down what was done with blocks. Of recorded work the caller, who submits it, gets the errors. */
  note(entry: Entry): void {
    if (this.#recording === null) this.#journal.note(this.#batch, entry);
  }

  /** The same for an upload, which belongs to no batch. */
  noteUpload(entry: Entry): void {
    if (this.#journal.watching) this.#journal.note(this.#batch, entry);
  }

  /** Notes that work just enqueued uses a buffer. */
  uses(memory: Memory): void {
    memory.batch = this.#batch;
    if (this.#recording !== null) memory.inCallersEncoder = true;
  }

  copy(source: GPUBuffer, offset: number, target: GPUBuffer, bytes: number): void {
    const encoder = this.#open();
    this.#endPass();
    encoder.copyBufferToBuffer(source, offset, target, 0, bytes);
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
      () => this.#device.queue.submit([encoder.finish()]),
      (error) => {
        if (error === null) this.#journal.taken(batch);
        else this.#journal.refused(batch, deviceError(error, 'the device refused the work behind this tensor'));
      },
    );
    for (const memory of this.#destroyedLater.splice(0)) memory.buffer.destroy();
  }

  /** Destroys a buffer of ours, after the submit where work on it is not submitted yet. */
  destroy(memory: Memory): void {
    if (memory.inCallersEncoder) return;
    if (memory.batch === this.#batch && this.#encoder !== null) this.#destroyedLater.push(memory);
    else memory.buffer.destroy();
  }

  /** Submits what is pending; what `enqueue` enqueues then goes into `encoder`, and is left there. */
  record(encoder: GPUCommandEncoder, enqueue: () => void): void {
    if (this.#recording !== null) {
      throw new RMSNormError('INVALID_OPTION', 'record() was called within record(): end the outer one first');
    }
    this.#loss.check();
    this.submit();
    // A recording has a number of its own: what it uses is not pending here.
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

  #open(): GPUCommandEncoder {
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
