/**
 * Blocks begin at multiples of this, and their sizes are rounded up to it: a cache line, which is more than SIMD needs.
 */
export const ALIGNMENT = 64;

/**
 * Hands out ranges of an address space that grows. It only computes with addresses and touches no memory.
 *
 * Free ranges are sorted by address, so that neighbours can be joined. A request takes the smallest range that fits.
 */
export class Allocator {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #end: number;
  #used = 0;

  /** An empty space from `base` on. `extend` gives it room. */
  constructor(base: number) {
    this.#end = roundUp(base);
  }

  /** Bytes handed out and not released, alignment included. */
  get used(): number {
    return this.#used;
  }

  /** Bytes of the free range at the end of the space, which an extension would enlarge. */
  get tail(): number {
    const last = this.#ends.length - 1;
    return last >= 0 && this.#ends[last] === this.#end ? this.#end - this.#starts[last]! : 0;
  }

  /** Makes room up to `end`, rounded down to the alignment. */
  extend(end: number): void {
    const from = this.#end;
    const to = Math.floor(end / ALIGNMENT) * ALIGNMENT;
    if (to <= from) return;
    this.#end = to;
    this.#insert(from, to);
  }

  /** The address of `bytes` free bytes, or null if no free range has so many. */
  take(bytes: number): number | null {
    const length = roundUp(bytes);
    let best = -1;
    let bestLength = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#starts.length; i++) {
      const found = this.#ends[i]! - this.#starts[i]!;
      if (found < length || found >= bestLength) continue;
      best = i;
      bestLength = found;
      if (found === length) break;
    }
    if (best < 0) return null;

    const address = this.#starts[best]!;
    if (bestLength === length) this.#remove(best);
    else this.#starts[best] = address + length;
    this.#used += length;
    return address;
  }

  /** Gives back what `take(bytes)` gave. */
  release(address: number, bytes: number): void {
    const length = roundUp(bytes);
    this.#used -= length;
    this.#insert(address, address + length);
  }

  #insert(start: number, end: number): void {
    let next = 0;
    while (this.#starts[next]! < start) next++;
    const joinsPrevious = next > 0 && this.#ends[next - 1] === start;
    const joinsNext = next < this.#starts.length && this.#starts[next] === end;
    if (joinsPrevious && joinsNext) {
      this.#ends[next - 1] = this.#ends[next]!;
      this.#remove(next);
    } else if (joinsPrevious) {
      this.#ends[next - 1] = end;
    } else if (joinsNext) {
      this.#starts[next] = start;
    } else {
      this.#starts.splice(next, 0, start);
      this.#ends.splice(next, 0, end);
    }
  }

  #remove(index: number): void {
    this.#starts.splice(index, 1);
    this.#ends.splice(index, 1);
  }
}

/** The size of a block for `bytes` bytes. */
export function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
