import type { Memory } from './block.ts';

/**
 * Buffers that wait for another use, by exact size, for `tensor.buffer` is a buffer of the tensor's own size. Work runs in
 * the order in which it was enqueued, so that a buffer may be taken again before earlier work on it has run. At most `most`
 * bytes wait; buffers that waited longest are destroyed first.
 */
export class Pool {
  readonly #most: number;
  readonly #destroy: (memory: Memory) => void;
  // Sizes in the order in which a buffer was last given back.
  readonly #bySize = new Map<number, Memory[]>();
  #bytes = 0;

  constructor(most: number, destroy: (memory: Memory) => void) {
    this.#most = most;
    this.#destroy = destroy;
  }

  get bytes(): number {
    return this.#bytes;
  }

  take(bytes: number): Memory | null {
    const waiting = this.#bySize.get(bytes);
    if (waiting === undefined) return null;
    const memory = waiting.pop()!;
    if (waiting.length === 0) this.#bySize.delete(bytes);
    this.#bytes -= bytes;
    return memory;
  }

  give(memory: Memory): void {
    const { size } = memory.buffer;
    if (memory.fault !== null || size > this.#most) {
      this.#destroy(memory);
      return;
    }
    const same = this.#bySize.get(size) ?? [];
    same.push(memory);
    this.#bySize.delete(size);
    this.#bySize.set(size, same);
    this.#bytes += size;
    if (this.#bytes > this.#most) this.trim(this.#most);
  }

  /** Destroys what waited longest until no more than `most` bytes are held. */
  trim(most: number): void {
    for (const [size, waiting] of this.#bySize) {
      while (this.#bytes > most && waiting.length > 0) {
        this.#bytes -= size;
        this.#destroy(waiting.shift()!);
      }
      if (waiting.length === 0) this.#bySize.delete(size);
      if (this.#bytes <= most) return;
    }
  }
}
