import type { Heap } from './heap.ts';

// Enough for all but long rows and some large channels-first tensors. Taken first of all, so that it never stands between
// blocks that are freed; pages that no kernel touches cost nothing.
const FIRST_BYTES = 384 * 1024;

/** Scratch memory for kernels, kept between calls and shared by all of them. */
export class Scratch {
  readonly #heap: Heap;
  #bytes = FIRST_BYTES;
  #address: number;

  /** @throws RMSNormError OUT_OF_MEMORY */
  constructor(heap: Heap) {
    this.#heap = heap;
    this.#address = heap.alloc(this.#bytes);
  }

  /**
   * The address of at least `bytes` bytes, valid until the next call; their contents are unspecified.
   * @throws RMSNormError OUT_OF_MEMORY
   */
  reserve(bytes: number): number {
    if (bytes > this.#bytes) {
      const address = this.#heap.alloc(bytes);
      this.#heap.free(this.#address, this.#bytes);
      this.#address = address;
      this.#bytes = bytes;
    }
    return this.#address;
  }
}
