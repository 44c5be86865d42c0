import { RMSNormError } from '@rmsnorm/core';

const CHUNK = 1 << 20;

/**
 * Memory as a WASM heap or a device has it: blocks lie right beside each other, so that a write past the end of one
 * lands in its neighbour, and a freed block comes back with its old contents.
 */
export class Heap {
  readonly live: Set<Uint8Array> = new Set();
  private readonly freed = new Map<number, Uint8Array[]>();
  private chunk = new Uint8Array(0);
  private used = 0;

  alloc(bytes: number): Uint8Array {
    const block = this.freed.get(bytes)?.pop() ?? this.carve(bytes);
    this.live.add(block);
    return block;
  }

  /** @throws RMSNormError DEVICE_ERROR where the block is not live: freed twice, or never allocated here. */
  free(block: Uint8Array): void {
    if (!this.live.delete(block)) {
      throw new RMSNormError('DEVICE_ERROR', `free of ${block.length} bytes at ${block.byteOffset} that are not live`);
    }
    const same = this.freed.get(block.length);
    if (same) same.push(block);
    else this.freed.set(block.length, [block]);
  }

  private carve(bytes: number): Uint8Array {
    if (this.used + bytes > this.chunk.length) {
      this.chunk = reserve(Math.max(CHUNK, bytes));
      this.used = 0;
    }
    this.used += bytes;
    return this.chunk.subarray(this.used - bytes, this.used);
  }
}

function reserve(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new RMSNormError('OUT_OF_MEMORY', `no block of ${bytes} bytes: dispose of tensors or use smaller ones`, {
      cause,
    });
  }
}
