import { Heap } from '../heap.ts';

/** Allocates in a shared memory. When it grows, older views are not detached: they remain views of its beginning. */
export class SharedHeap extends Heap {
  readonly #buffers: WeakSet<ArrayBufferLike> = new WeakSet();

  override get bytes(): Uint8Array {
    const bytes = super.bytes;
    this.#buffers.add(bytes.buffer);
    return bytes;
  }

  override holds(buffer: ArrayBufferLike): boolean {
    return super.holds(buffer) || this.#buffers.has(buffer);
  }
}
