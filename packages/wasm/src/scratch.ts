import type { Heap } from './heap.ts';

// What a kernel needs is mostly a row; a larger one is not held on to.
const KEEP_BYTES = 2 ** 20;

/** Scratch memory for kernels, kept between calls. */
export class Scratch {
  readonly #heap: Heap;
  #address = 0;
  #bytes = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /**
   * The address of at least `bytes` bytes, valid until the next call or `trim`.
   * @throws RMSNormError OUT_OF_MEMORY
   */
  reserve(bytes: number): number {
    if (bytes > this.#bytes) {
      this.#release();
      this.#address = this.#heap.alloc(bytes);
      this.#bytes = bytes;
    }
    return this.#address;
  }

  /** Call after use: frees what is too large to keep. */
  trim(): void {
    if (this.#bytes > KEEP_BYTES) this.#release();
  }

  #release(): void {
    if (this.#bytes === 0) return;
    this.#heap.free(this.#address, this.#bytes);
    this.#address = 0;
    this.#bytes = 0;
  }
}
