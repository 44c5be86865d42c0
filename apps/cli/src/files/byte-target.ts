import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { AbortSignalLike } from '@rmsnorm/core';
import { type Extent, writeExtent } from './extent.ts';
import { fileError } from './file-error.ts';

/** What an output is written to. */
export interface ByteTarget {
  /** Writes all of `from`, which may be used again once the promise is settled. */
  write(extent: Extent, from: Uint8Array): Promise<void>;
}

export function fileTarget(file: FileHandle): ByteTarget {
  return { write: (extent, from) => writeExtent(file.fd, extent, from) };
}

/** A stream, such as stdout: its bytes have to come from front to back. */
export class StreamTarget implements ByteTarget {
  readonly #stream: Writable;
  readonly #name: string;
  readonly #signal: AbortSignalLike;
  #position = 0;

  /** @param signal ends a write whose reader does not read */
  constructor(stream: Writable, name: string, signal: AbortSignalLike) {
    this.#stream = stream;
    this.#name = name;
    this.#signal = signal;
  }

  write({ position, bytes }: Extent, from: Uint8Array): Promise<void> {
    if (position !== this.#position) throw new Error(`${this.#name} is at byte ${this.#position}, not ${position}`);
    this.#position += bytes;
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(this.#signal.reason);
      if (this.#signal.aborted) return abort();
      this.#signal.addEventListener('abort', abort, { once: true });
      this.#stream.write(from.subarray(0, bytes), (error) => {
        this.#signal.removeEventListener('abort', abort);
        if (error) reject(fileError(error, `write to ${this.#name}`));
        else resolve();
      });
    });
  }
}
