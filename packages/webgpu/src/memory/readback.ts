import { type AbortSignalLike, messageOf, RMSNormError, throwIfAborted } from '@rmsnorm/core';
import type { ErrorScopes } from '../device/error-scopes.ts';
import { BUFFER_USAGE, MAP_READ } from '../device/gpu.ts';
import type { DeviceLoss } from '../device/loss.ts';
import type { Entry } from '../execution/journal.ts';
import type { WorkQueue } from '../execution/work-queue.ts';
import { type Block, type Memory, roundUp, taintOf } from './block.ts';
import type { Buffers } from './buffers.ts';
import { Pool } from './pool.ts';

const STAGING = BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST;

/** Bytes of buffers that are kept: a loop that reads results of up to so many bytes makes no buffer each time. */
const MOST_STAGED = 64 * 2 ** 20;

/** Copies of device memory on the host, through buffers that can be mapped. */
export class Readback {
  readonly #work: WorkQueue;
  readonly #buffers: Buffers;
  readonly #scopes: ErrorScopes;
  readonly #loss: DeviceLoss;
  readonly #staging: Pool;
  readonly #pending = new Set<Promise<void>>();

  constructor(work: WorkQueue, buffers: Buffers, scopes: ErrorScopes, loss: DeviceLoss) {
    this.#work = work;
    this.#buffers = buffers;
    this.#scopes = scopes;
    this.#loss = loss;
    this.#staging = new Pool(MOST_STAGED, (memory) => buffers.destroy(memory));
  }

  /** @throws RMSNormError DEVICE_LOST, DEVICE_ERROR, OUT_OF_MEMORY: also where work failed that computed the contents */
  async read(block: Block, into: Uint8Array, signal?: AbortSignalLike): Promise<void> {
    this.#loss.check();
    if (this.#work.recording) {
      throw new RMSNormError(
        'INVALID_OPTION',
        'data() within record(): what is recorded has not run before you submit',
      );
    }
    if ((block.memory.buffer.usage & BUFFER_USAGE.COPY_SRC) === 0) {
      throw new RMSNormError(
        'UNSUPPORTED',
        'data() copies from the GPUBuffer, which was made without GPUBufferUsage.COPY_SRC: add that to its usage',
      );
    }
    const reading = this.#read(block, into, signal);
    const settled = reading.catch(() => {});
    this.#pending.add(settled);
    settled.finally(() => this.#pending.delete(settled));
    return reading;
  }

  /** Settled when no read is on its way. */
  async idle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #read(block: Block, into: Uint8Array, signal?: AbortSignalLike): Promise<void> {
    const bytes = roundUp(into.length, 4);
    const size = Math.max(bytes, Math.min(sizeClass(bytes), this.#buffers.most));
    const staging = this.#staging.take(size) ?? this.#buffers.create(size, STAGING);
    const event: Entry = { blocks: [block], inputs: 1, fault: null, taint: taintOf(block) };
    this.#work.copy(block.memory.buffer, block.offset, staging.buffer, bytes);
    this.#work.uses(block.memory);
    this.#work.note(event);
    this.#work.submit();
    const { settled } = this.#scopes;

    // Unmapping ends the wait of mapAsync.
    const abort = (): void => void staging.buffer.unmap();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      // The promise has the error too.
      const mapped = this.#scopes.watch(
        'validation',
        () => staging.buffer.mapAsync(MAP_READ, 0, bytes),
        () => {},
      );
      await Promise.race([Promise.all([mapped, settled]), this.#loss.lost]);
      if (event.taint) throw event.taint;
      into.set(new Uint8Array(staging.buffer.getMappedRange(0, bytes), 0, into.length));
    } catch (error) {
      throw await this.#reasonOf(error, event, settled, staging, signal);
    } finally {
      staging.buffer.unmap();
      this.#staging.give(staging);
      try {
        signal?.removeEventListener('abort', abort);
      } catch {
        // A signal of the caller's own.
      }
    }
  }

  async #reasonOf(
    error: unknown,
    event: Entry,
    settled: Promise<void>,
    staging: Memory,
    signal: AbortSignalLike | undefined,
  ): Promise<unknown> {
    throwIfAborted(signal);
    // mapAsync may reject before it is known why.
    await Promise.race([settled, this.#loss.lost]).catch(() => {});
    this.#loss.check();
    const known = staging.fault ?? event.taint;
    // An error of each read's own: the stack says which.
    if (known) return new RMSNormError(known.code, withoutCode(known), { cause: known.cause });
    return new RMSNormError('DEVICE_ERROR', `reading from the device failed: ${messageOf(error)}`, { cause: error });
  }
}

function withoutCode({ message, code }: RMSNormError): string {
  return message.slice(`RMSNORM_${code}: `.length);
}

/** Powers of two while they are small: nobody sees these buffers, and reads of like sizes share them. */
function sizeClass(bytes: number): number {
  return bytes > 2 ** 24 ? bytes : Math.max(256, 2 ** Math.ceil(Math.log2(bytes)));
}
