import type { Heap } from './heap.ts';

// Enough for all but long rows and some large channels-first tensors. It is the first block of all, so that it does not
// separate blocks that are freed. Pages that no kernel touches cost nothing. The odd cache line keeps the large tensors that
// follow from all beginning at a page's first byte, where addForward of float32 was measured 5 to 10 % slower.
const FIRST_BYTES = 384 * 1024 + 64;

/** Scratch memory for the kernels of a thread, kept from call to call. */
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
   * The address of at least `bytes` bytes, valid until the next call. Their contents are unspecified.
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
