import type { Backend, Tensor } from './backend.ts';
import { deviceTensor } from './device-tensor.ts';
import type { Driver, Supports } from './driver.ts';
import { bytesPerElement, type DType } from './dtype.ts';
import { RMSNormError } from './errors.ts';
import { elementCount, showShape } from './shape.ts';
import { checkedSupports } from './supports.ts';

/** What stands behind a backend and its tensors: a driver, and the books of what was allocated. */
export class Engine<B> {
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

  /** @throws RMSNormError DISPOSED */
  assertAlive(): void {
    if (this.#disposed === null) return;
    throw new RMSNormError(
      'DISPOSED',
      `backend '${this.driver.name}' was disposed: create a new one with provider.create()`,
    );
  }

  /**
   * A tensor of a shape that is known to be right, and is frozen here; contents unspecified.
   * @throws RMSNormError OUT_OF_MEMORY
   */
  allocate(shape: readonly number[], dtype: DType): Tensor {
    // Drivers allocate whole 32-bit words, and at least one: an empty tensor has a buffer too.
    const bytes = Math.max(4, Math.ceil((elementCount(shape) * bytesPerElement(dtype)) / 4) * 4);
    if (!Number.isSafeInteger(bytes)) {
      throw new RMSNormError('OUT_OF_MEMORY', `a ${dtype} tensor of shape ${showShape(shape)} needs ${bytes} bytes`);
    }
    return this.#track(this.driver.alloc(bytes), bytes, shape, dtype);
  }

  /**
   * A tensor over memory of the caller's, which is not counted.
   * @throws RMSNormError UNSUPPORTED where the driver cannot, and what the driver throws for a handle it cannot take
   */
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
