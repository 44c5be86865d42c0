import type { Driver } from '../driver/driver.ts';
import type { Supports } from '../driver/supports.ts';
import { bytesPerElement, type DType } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import { elementCount, showShape } from '../values/shape.ts';
import type { Backend, Tensor } from './backend.ts';
import { checkedSupports } from './declared-support.ts';
import { deviceTensor } from './device-tensor.ts';
import type { BackendInternals } from './internals.ts';

/** A driver in use, and the account of what was allocated from it. */
export class TrackedDriver<B> implements BackendInternals<B> {
  readonly backend: Backend;
  readonly driver: Driver<B>;
  readonly supports: Supports;
  #disposed: Promise<void> | null = null;
  #tensors = 0;
  #bytes = 0;

  constructor(backend: Backend, driver: Driver<B>) {
    this.backend = backend;
    this.driver = driver;
    this.supports = checkedSupports(driver as Driver<never>);
  }

  get memory(): { tensors: number; bytes: number } {
    return { tensors: this.#tensors, bytes: this.#bytes };
  }

  get disposed(): boolean {
    return this.#disposed !== null;
  }

  assertAlive(): void {
    if (this.#disposed === null) return;
    throw new RMSNormError(
      'DISPOSED',
      `backend '${this.driver.name}' was disposed: create a new one with provider.create()`,
    );
  }

  allocate(shape: readonly number[], dtype: DType): Tensor {
    // Drivers allocate whole 32-bit words, and at least one: an empty tensor has a buffer too.
    const bytes = Math.max(4, Math.ceil((elementCount(shape) * bytesPerElement(dtype)) / 4) * 4);
    if (!Number.isSafeInteger(bytes)) {
      throw new RMSNormError('OUT_OF_MEMORY', `a ${dtype} tensor of shape ${showShape(shape)} needs ${bytes} bytes`);
    }
    return this.#track(this.driver.alloc(bytes), bytes, shape, dtype);
  }

  adopt(handle: unknown, shape: readonly number[], dtype: DType): Tensor {
    if (!this.driver.adopt) {
      throw new RMSNormError('UNSUPPORTED', `backend '${this.driver.name}' cannot wrap memory of yours: use tensor()`);
    }
    return this.#track(this.driver.adopt(handle, elementCount(shape) * bytesPerElement(dtype), dtype), 0, shape, dtype);
  }

  dispose(): Promise<void> {
    this.#disposed ??= Promise.resolve().then(() => this.driver.dispose());
    this.#tensors = 0;
    this.#bytes = 0;
    return this.#disposed;
  }

  #track(buffer: B, bytes: number, shape: readonly number[], dtype: DType): Tensor {
    this.#tensors += 1;
    this.#bytes += bytes;
    return deviceTensor(this, buffer, Object.freeze(shape), dtype, () => {
      if (this.#disposed) return;
      this.#tensors -= 1;
      this.#bytes -= bytes;
      this.driver.free(buffer);
    });
  }
}
