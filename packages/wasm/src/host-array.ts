import type { Heap } from './heap.ts';

/** An array of the caller's, which may be a view into the heap itself: then it is found again after memory grew. */
export class HostArray {
  readonly #heap: Heap;
  readonly #array: Uint8Array;
  readonly #addressed: { readonly from: number; readonly to: number } | null;

  constructor(heap: Heap, { buffer, byteOffset, byteLength }: Uint8Array | Float32Array) {
    this.#heap = heap;
    this.#array = new Uint8Array(buffer, byteOffset, byteLength);
    this.#addressed = heap.holds(buffer) ? { from: byteOffset, to: byteOffset + byteLength } : null;
  }

  /** Its bytes as they lie now: do not keep them across an allocation. */
  get bytes(): Uint8Array {
    if (this.#addressed === null) return this.#array;
    return this.#heap.bytes.subarray(this.#addressed.from, this.#addressed.to);
  }
}
