import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { RMSNormError } from '@rmsnorm/core';
import { type Extent, readExtent } from './extent.ts';

/** What an input is read from. */
export interface ByteSource {
  /** Of the input, for messages. */
  readonly name: string;
  /** Whether any bytes can be read at any time; otherwise each once, from front to back. */
  readonly seekable: boolean;
  /** Fills `into`. @throws RMSNormError INVALID_FILE where the input ends before */
  read(extent: Extent, into: Uint8Array): Promise<void>;
  /**
   * Checks, once all is read, that it was one and the same input from the beginning to the end.
   * @param end where the input has to end
   * @throws RMSNormError INVALID_FILE
   */
  checkAtEnd(end: number): Promise<void>;
  close(): Promise<void>;
}

/** An open file. */
export class FileSource implements ByteSource {
  readonly name: string;
  readonly seekable = true;
  readonly bytes: number;
  /** When it was written last, as the file system has it. */
  readonly modified: string;
  readonly #file: FileHandle;

  private constructor(file: FileHandle, name: string, state: BigIntStats) {
    this.name = name;
    this.bytes = Number(state.size);
    this.modified = timeOf(state);
    this.#file = file;
  }

  static async of(file: FileHandle, name: string): Promise<FileSource> {
    return new FileSource(file, name, await file.stat({ bigint: true }));
  }

  read(extent: Extent, into: Uint8Array): Promise<void> {
    return readExtent(
      this.#file.fd,
      extent,
      into,
      (end) =>
        new RMSNormError('INVALID_FILE', `${this.name} ended at byte ${end}: it became shorter while it was read`),
    );
  }

  /** A file that was replaced by a rename is still the same one here: it is open. */
  async checkAtEnd(): Promise<void> {
    const state = await this.#file.stat({ bigint: true });
    const [bytes, modified] = [Number(state.size), timeOf(state)];
    if (bytes === this.bytes && modified === this.modified) return;
    const now = `${bytes} bytes, written at ${modified}`;
    throw new RMSNormError(
      'INVALID_FILE',
      `${this.name} changed while it was read: it had ${this.bytes} bytes, written at ${this.modified}, and has ${now}: ` +
        'run again when nothing writes to it',
    );
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** To the nanosecond, in UTC. */
function timeOf({ mtimeNs }: BigIntStats): string {
  const second = 1_000_000_000n;
  const fraction = ((mtimeNs % second) + second) % second;
  const seconds = Number((mtimeNs - fraction) / second);
  const date = new Date(seconds * 1e3);
  const text = Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().slice(0, 19);
  return `${text}.${String(fraction).padStart(9, '0')}Z`;
}
