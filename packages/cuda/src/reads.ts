import type { AbortSignalLike } from '@rmsnorm/core';
import type { Block } from './block.ts';
import { deviceError } from './device-errors.ts';
import type { NativeBackend } from './native.ts';

/** Copies of device memory on the host, which arrive while the event loop goes on. */
export class Reads {
  readonly #native: NativeBackend;
  readonly #pending = new Set<Promise<void>>();

  constructor(native: NativeBackend) {
    this.#native = native;
  }

  /** @throws RMSNormError DEVICE_LOST, DEVICE_ERROR, OUT_OF_MEMORY; the signal's reason, at once */
  read(block: Block, into: Uint8Array, signal: AbortSignalLike | undefined): Promise<void> {
    const reading = this.#start(block, into, signal);
    const settled = reading.catch(() => {}).finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
    return reading;
  }

  /** Settled when no read is on its way. */
  async idle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #start({ address }: Block, into: Uint8Array, signal: AbortSignalLike | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      let ticket = 0;
      const abort = (): void => {
        this.#native.cancel(ticket);
        try {
          reject(signal!.reason);
        } catch (error) {
          // A signal of the caller's own.
          reject(error);
        }
      };
      const done = (error: Error | null): void => {
        if (error === null) resolve();
        else reject(deviceError(error));
        try {
          signal?.removeEventListener('abort', abort);
        } catch {
          // A signal of the caller's own.
        }
      };
      try {
        ticket = this.#native.read(address, into, done);
      } catch (error) {
        return reject(deviceError(error));
      }
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}
