import { RMSNormError } from '@rmsnorm/core';
import { Allocator, roundUp } from './allocator.ts';
import { HEAP_BASE, PAGE_BYTES } from './kernels.ts';
import type { WasmMemory } from './web-assembly.ts';

/** What 32-bit addresses can reach. */
export const ADDRESS_SPACE: number = 2 ** 32;

// Kernels may compute addresses up to so many bytes past a block, which must not wrap around to 0.
const GUARD_BYTES = 64;

/**
 * The first size of a memory, and the least that it grows by, as growing detaches every view, and some engines copy the
 * memory.
 */
export const LEAST_BYTES: number = 2 ** 20;

/** Allocates in a WebAssembly memory, which grows as needed, up to a limit. */
export class Heap {
  readonly memory: WasmMemory;
  /** The most bytes that the memory may have. */
  readonly limit: number;
  readonly #limitedBy: string;
  readonly #allocator: Allocator = new Allocator(HEAP_BASE);
  #bytes!: Uint8Array;

  /** @param limitedBy what set the limit, in words to follow it */
  constructor(
    memory: WasmMemory,
    limit: number = ADDRESS_SPACE,
    limitedBy: string = limit < ADDRESS_SPACE ? ' (maxBytes of wasm())' : '',
  ) {
    this.memory = memory;
    this.limit = limit;
    this.#limitedBy = limitedBy;
    this.#refresh();
  }

  /** The whole memory. Not to be kept across `alloc`: it is another array after each growth. */
  get bytes(): Uint8Array {
    // The caller, who gets the memory from tensor.buffer, may grow it too.
    if (this.#bytes.buffer !== this.memory.buffer) this.#refresh();
    return this.#bytes;
  }

  /** Whether a buffer is this memory. */
  holds(buffer: ArrayBufferLike): boolean {
    return this.bytes.buffer === buffer;
  }

  /** Bytes in use, alignment included. */
  get used(): number {
    return this.#allocator.used;
  }

  /**
   * The address of a new block, aligned to 64 bytes. Its contents are unspecified.
   * @throws RMSNormError OUT_OF_MEMORY
   */
  alloc(bytes: number): number {
    const address = this.#allocator.take(bytes);
    if (address !== null) return address;
    this.#growFor(bytes);
    return this.#allocator.take(bytes)!;
  }

  /** Gives back what `alloc(bytes)` gave. */
  free(address: number, bytes: number): void {
    this.#allocator.release(address, bytes);
  }

  #growFor(bytes: number): void {
    const size = this.bytes.length;
    const most = this.#end(roundDownToPage(this.limit));
    const least = size - this.#allocator.tail + roundUp(bytes);
    if (least > most) throw this.#outOfMemory(bytes, `it has ${size} bytes and may grow to ${most}${this.#limitedBy}`);
    try {
      this.#grow(Math.min(Math.max(least, size + LEAST_BYTES, size * 1.25), most) - size);
    } catch {
      try {
        this.#grow(least - size);
      } catch (cause) {
        throw this.#outOfMemory(bytes, `the engine refused to let it grow from ${size} to ${least} bytes`, cause);
      }
    }
  }

  #grow(bytes: number): void {
    this.memory.grow(Math.ceil(bytes / PAGE_BYTES));
    this.#refresh();
  }

  #refresh(): void {
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#allocator.extend(this.#end(this.#bytes.length));
  }

  #end(size: number): number {
    return Math.min(size, ADDRESS_SPACE - GUARD_BYTES);
  }

  #outOfMemory(bytes: number, why: string, cause?: unknown): RMSNormError {
    return new RMSNormError(
      'OUT_OF_MEMORY',
      `no ${bytes} bytes in the WebAssembly memory: ${this.used} are in use, ${why}; dispose tensors, or let norm.apply() stream arrays of any size`,
      { cause },
    );
  }
}

function roundDownToPage(bytes: number): number {
  return Math.floor(bytes / PAGE_BYTES) * PAGE_BYTES;
}
