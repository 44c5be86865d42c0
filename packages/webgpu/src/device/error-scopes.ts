import { RMSNormError } from '@rmsnorm/core';
import type { GPUDeviceLike, GPUErrorLike } from './gpu.ts';

/**
 * What the device says about the calls made so far, in call order. Error scopes are opened and closed around single
 * synchronous calls: none of ours is open while the application, which may share the device, uses its own; and nothing
 * of ours ends in its console.
 */
export class Scopes {
  readonly #device: GPUDeviceLike;
  #last: Promise<void> = Promise.resolve();

  constructor(device: GPUDeviceLike) {
    this.#device = device;
  }

  /** Settled when everything that was watched so far has been heard of; never rejects. */
  get settled(): Promise<void> {
    return this.#last;
  }

  /** Runs `call`; `hear` gets what the device says about it, after what it says about earlier calls. */
  watch<T>(
    filter: 'validation' | 'out-of-memory' | 'internal',
    call: () => T,
    hear: (error: GPUErrorLike | null) => void,
  ): T {
    this.#device.pushErrorScope(filter);
    let result: T;
    try {
      result = call();
    } finally {
      // A device that is lost may reject: that is told by `device.lost`.
      const said = this.#device.popErrorScope().catch(() => null);
      this.#last = this.#last.then(async () => hear(await said));
    }
    return result;
  }
}

/** What the device complained of, as an error of ours. */
export function deviceError(error: GPUErrorLike, what: string): RMSNormError {
  const lines = error.message.trim().split('\n');
  return new RMSNormError('DEVICE_ERROR', `${what}: ${lines[0]}`, { cause: error });
}
