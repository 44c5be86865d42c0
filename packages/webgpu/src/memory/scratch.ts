import { BUFFER_USAGE } from '../device/gpu.ts';
import { type Memory, roundUp } from './block.ts';
import type { Buffers } from './buffers.ts';

const LEAST_BYTES = 4096;

/**
 * Storage between the dispatches of a call. Plans run one after another, so that all share it: the first buffer of each
 * call is the same, and so on.
 */
export class Scratch {
  readonly #buffers: Buffers;
  readonly #memories: Memory[] = [];

  constructor(buffers: Buffers) {
    this.#buffers = buffers;
  }

  /** At least `bytes`, contents unspecified. @throws RMSNormError OUT_OF_MEMORY */
  get(index: number, bytes: number): Memory {
    const memory = this.#memories[index];
    if (memory !== undefined && memory.buffer.size >= bytes && memory.fault === null) return memory;
    // At least half as large again, so that calls that grow slowly do not each make a buffer.
    const grown = Math.max(LEAST_BYTES, memory === undefined ? 0 : roundUp(memory.buffer.size * 1.5, 4));
    const larger = this.#buffers.create(
      Math.max(bytes, Math.min(grown, this.#buffers.most)),
      BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_DST,
    );
    if (memory !== undefined) this.#buffers.destroy(memory);
    this.#memories[index] = larger;
    return larger;
  }
}
