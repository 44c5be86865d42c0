import { RMSNormError } from '@rmsnorm/core';
import type { GPUDeviceLike } from './gpu.ts';

/** Whether the device is lost, and a promise that rejects when it is. */
export class Loss {
  /** Whether a new device can be had by create(). */
  readonly #renewable: boolean;
  #error: RMSNormError | null = null;
  #reject: (error: RMSNormError) => void = () => {};
  /** Rejects with DEVICE_LOST; pending for as long as the device lives. */
  readonly lost: Promise<never>;

  constructor(device: GPUDeviceLike, renewable: boolean) {
    this.#renewable = renewable;
    this.lost = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.lost.catch(() => {});
    // The caller's device outlives the backend: through the reference it holds no more than this.
    const weak = new WeakRef(this);
    device.lost.then((info) => weak.deref()?.set(info.message || info.reason || 'no reason given'));
  }

  /** @throws RMSNormError DEVICE_LOST */
  check(): void {
    if (this.#error !== null) throw this.#error;
  }

  set(reason: string): void {
    if (this.#error !== null) return;
    this.#error = lostError(reason, this.#renewable);
    this.#reject(this.#error);
  }
}

export function lostError(reason: string, renewable: boolean): RMSNormError {
  const wayOut = renewable
    ? 'tensors on it are gone; provider.create() starts a fresh one'
    : 'tensors on it are gone; request a new device and hand it to webgpu({ device })';
  return new RMSNormError('DEVICE_LOST', `the GPU device was lost (${reason.trim()}): ${wayOut}`);
}

/** Why the device is lost, if it is already. */
export async function lossOf(device: GPUDeviceLike): Promise<string | null> {
  // A promise that is settled comes first; one that is not never does before a settled one.
  const info = await Promise.race([device.lost, Promise.resolve(null)]);
  return info === null ? null : info.message || info.reason || 'no reason given';
}
