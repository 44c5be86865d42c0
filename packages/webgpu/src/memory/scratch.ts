import { USAGE } from '../device/gpu.ts';
import type { Buffers } from './buffers.ts';
import { type Memory, roundUp } from './memory.ts';

const LEAST_BYTES = 4096;

/**
 * Storage between the dispatches of a call. Calls run one after another, so that all share it: the first buffer of
 * each call is the same, and so on.
 */
export class Scratch {
  readonly #buffers: Buffers;
  readonly #arenas: Memory[] = [];

  constructor(buffers: Buffers) {
    this.#buffers = buffers;
  }

  /** At least `bytes`, contents unspecified. @throws RMSNormError OUT_OF_MEMORY */
  get(index: number, bytes: number): Memory {
    const arena = this.#arenas[index];
    if (arena !== undefined && arena.buffer.size >= bytes && arena.fault === null) return arena;
    // Grows by a half at least, so that slowly growing calls do not each make a buffer.
    const grown = Math.max(LEAST_BYTES, arena === undefined ? 0 : roundUp(arena.buffer.size * 1.5, 4));
    const larger = this.#buffers.create(
      Math.max(bytes, Math.min(grown, this.#buffers.most)),
      USAGE.STORAGE | USAGE.COPY_DST,
    );
    if (arena !== undefined) this.#buffers.destroy(arena);
    this.#arenas[index] = larger;
    return larger;
  }
}
