import { RMSNormError } from '@rmsnorm/core';

/**
 * Errors of the device, told in call order. Error scopes are opened and closed around single synchronous calls: none of
 * ours is open while the application, which may share the device, uses its own; and no error of ours ends in its console.
 */
export class ErrorScopes {
  readonly #device: GPUDevice;
  #last: Promise<void> = Promise.resolve();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Settled when the errors of all calls so far have been told; never rejects. */
  get settled(): Promise<void> {
    return this.#last;
  }

  /** Runs `call`; later `tell` gets its error or null, after those of earlier calls. */
  watch<T>(filter: GPUErrorFilter, call: () => T, tell: (error: GPUError | null) => void): T {
    this.#device.pushErrorScope(filter);
    let result: T;
    try {
      result = call();
    } finally {
      // A device that is lost may reject; `device.lost` tells that.
      const error = this.#device.popErrorScope().catch(() => null);
      this.#last = this.#last.then(async () => tell(await error));
    }
    return result;
  }
}

/** An error of the device as one of ours; `what` is what failed. */
export function deviceError(error: { readonly message: string }, what: string): RMSNormError {
  const lines = error.message.trim().split('\n');
  return new RMSNormError('DEVICE_ERROR', `${what}: ${lines[0]}`, { cause: error });
}
