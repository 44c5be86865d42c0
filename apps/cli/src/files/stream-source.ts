import { addAbortSignal, type Readable } from 'node:stream';
import { RMSNormError } from '@rmsnorm/core';
import type { ByteSource } from './byte-source.ts';
import type { Extent } from './extent.ts';
import { fileError } from './file-error.ts';

/** A stream, such as stdin: each byte is read once, from front to back. Its header may be read again. */
export class StreamSource implements ByteSource {
  readonly name: string;
  readonly seekable = false;
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal;
  /** What has arrived and was not asked for yet. */
  #rest: Uint8Array = new Uint8Array();
  #position = 0;
  /** The first bytes of the stream, which are kept. */
  #head: Uint8Array = new Uint8Array();

  /** @param signal ends a read that waits */
  constructor(stream: Readable, name: string, signal: AbortSignal) {
    this.name = name;
    this.#signal = signal;
    this.#stream = addAbortSignal(signal, stream);
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Reads the first `count` bytes, fewer where the stream is shorter, and keeps them to be read again. */
  async peek(count: number): Promise<Uint8Array> {
    const more = new Uint8Array(Math.max(0, count - this.#head.byteLength));
    const arrived = await this.#fill(more);
    this.#head = Buffer.concat([this.#head, more.subarray(0, arrived)]);
    return this.#head.subarray(0, count);
  }

  async read({ position, bytes }: Extent, into: Uint8Array): Promise<void> {
    // The header may be passed over, as it is kept.
    if (this.#position < position && position <= this.#head.byteLength) this.#position = position;
    if (position !== this.#position) throw new Error(`${this.name} is at byte ${this.#position}, not ${position}`);
    const again = this.#head.subarray(position, position + bytes);
    into.set(again);
    const done = again.byteLength + (await this.#fill(into.subarray(again.byteLength, bytes)));
    this.#position += done;
    if (done < bytes) {
      const end = position + done;
      throw new RMSNormError('INVALID_FILE', `${this.name} is truncated: it ended at byte ${end}, in the elements`);
    }
  }

  async checkAtEnd(end: number): Promise<void> {
    const more = await this.#fill(new Uint8Array(1));
    if (more > 0) throw new RMSNormError('INVALID_FILE', `${this.name} has trailing bytes: the elements end at ${end}`);
  }

  async close(): Promise<void> {
    this.#stream.destroy();
  }

  /** Returns how many bytes there were; fewer than wanted where the stream ended. */
  async #fill(into: Uint8Array): Promise<number> {
    let done = 0;
    while (done < into.byteLength) {
      if (this.#rest.byteLength === 0) {
        const next = await this.#next();
        if (next === null) break;
        this.#rest = next;
      }
      const part = this.#rest.subarray(0, into.byteLength - done);
      into.set(part, done);
      done += part.byteLength;
      this.#rest = this.#rest.subarray(part.byteLength);
    }
    return done;
  }

  async #next(): Promise<Uint8Array | null> {
    try {
      const { done, value } = await this.#chunks.next();
      return done ? null : value;
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      throw fileError(error, `read ${this.name}`);
    }
  }
}
