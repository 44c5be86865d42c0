import { RMSNormError } from '@rmsnorm/core';
import type { ErrorScopes } from '../device/error-scopes.ts';
import { BUFFER_USAGE } from '../device/gpu.ts';
import type { WorkQueue } from '../execution/work-queue.ts';
import { type Block, type Memory, memoryOf, nextId, wholeOf } from './block.ts';
import { Pool } from './pool.ts';

const STORAGE = BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST;

/** All GPUBuffers: those of tensors, pooled; those of the package's own; and the caller's. */
export class Buffers {
  readonly #device: GPUDevice;
  readonly #work: WorkQueue;
  readonly #scopes: ErrorScopes;
  readonly #pool: Pool;
  readonly #live = new Set<Memory>();
  readonly #known = new WeakMap<object, Memory>();
  readonly #bindingIds = new WeakMap<Memory, Map<number, number>>();
  /** Bytes of the largest buffer that there may be. */
  readonly most: number;

  constructor(device: GPUDevice, work: WorkQueue, scopes: ErrorScopes, most: number, mostPooled: number) {
    this.#device = device;
    this.#work = work;
    this.#scopes = scopes;
    this.most = most;
    this.#pool = new Pool(mostPooled, (memory) => this.destroy(memory));
  }

  /** A tensor's memory. @throws RMSNormError OUT_OF_MEMORY */
  alloc(bytes: number): Block {
    const memory = this.#pool.take(bytes) ?? this.create(bytes, STORAGE);
    memory.taints = null;
    return wholeOf(memory, bytes, this.#work.batch);
  }

  free({ memory, owned }: Block): void {
    if (!owned) return;
    // The caller's encoder may still need it: the pool could hand it out before that is submitted.
    if (memory.inCallersEncoder) this.destroy(memory);
    else this.#pool.give(memory);
  }

  /**
   * A buffer of the package's own. The device tells later whether there was memory for it: then `memory.fault` is set.
   * @throws RMSNormError OUT_OF_MEMORY where it is larger than any buffer may be
   */
  create(bytes: number, usage: number, fill?: (memory: Uint8Array) => void): Memory {
    if (bytes > this.most) {
      throw new RMSNormError(
        'OUT_OF_MEMORY',
        `a buffer of ${bytes} bytes is larger than this device allows (maxBufferSize is ${this.most}): normalize the rows in parts`,
      );
    }
    const memory = this.#scopes.watch(
      'out-of-memory',
      () => memoryOf(this.#device.createBuffer({ size: bytes, usage, mappedAtCreation: fill !== undefined })),
      (error) => {
        if (error) this.#refused(memory, bytes, error);
      },
    );
    this.#live.add(memory);
    this.#known.set(memory.buffer, memory);
    if (fill) {
      fill(new Uint8Array(memory.buffer.getMappedRange()));
      memory.buffer.unmap();
    }
    return memory;
  }

  destroy(memory: Memory): void {
    this.#live.delete(memory);
    this.#work.destroy(memory);
  }

  /** A range of a buffer of the caller's, or of one of ours. */
  adopt(buffer: GPUBuffer, offset: number, bytes: number): Block {
    let memory = this.#known.get(buffer);
    if (memory === undefined) {
      memory = memoryOf(buffer);
      this.#known.set(buffer, memory);
    }
    return { memory, offset, bytes, bindingId: this.#bindingIdOf(memory, offset), owned: false, allocatedIn: -1 };
  }

  dispose(): void {
    for (const memory of this.#live) if (!memory.inCallersEncoder) memory.buffer.destroy();
    this.#live.clear();
  }

  #bindingIdOf(memory: Memory, offset: number): number {
    if (offset === 0) return memory.id;
    let ids = this.#bindingIds.get(memory);
    if (ids === undefined) {
      ids = new Map();
      this.#bindingIds.set(memory, ids);
    }
    let id = ids.get(offset);
    if (id === undefined) {
      id = nextId();
      ids.set(offset, id);
    }
    return id;
  }

  #refused(memory: Memory, bytes: number, cause: unknown): void {
    this.#pool.trim(0);
    memory.fault = new RMSNormError(
      'OUT_OF_MEMORY',
      `the device has no memory for a buffer of ${bytes} bytes: dispose tensors that are not needed, or work on fewer rows at once`,
      { cause },
    );
  }
}
