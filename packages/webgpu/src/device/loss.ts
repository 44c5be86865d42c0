import { RMSNormError } from '@rmsnorm/core';

/** Whether the device is lost, and a promise that rejects when it is. */
export class DeviceLoss {
  /** Whether a new device can be had by create(). */
  readonly #renewable: boolean;
  #error: RMSNormError | null = null;
  #reject: (error: RMSNormError) => void = () => {};
  /** Rejects with DEVICE_LOST; pending for as long as the device lives. */
  readonly lost: Promise<never>;

  constructor(device: GPUDevice, renewable: boolean) {
    this.#renewable = renewable;
    this.lost = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.lost.catch(() => {});
    // The caller's device outlives the backend, and so does this promise: it must not keep the backend in memory.
    const weak = new WeakRef(this);
    device.lost.then((info) => weak.deref()?.set(reasonOf(info)));
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
export async function lossOf(device: GPUDevice): Promise<string | null> {
  // A race goes to the first that is settled: to `device.lost` where that is, else to the promise behind it.
  const info = await Promise.race([device.lost, Promise.resolve(null)]);
  return info === null ? null : reasonOf(info);
}

function reasonOf({ message, reason }: GPUDeviceLostInfo): string {
  return message || reason || 'no reason given';
}
