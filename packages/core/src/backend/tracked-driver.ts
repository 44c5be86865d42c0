import type { Driver } from '../driver/driver.ts';
import type { Supports } from '../driver/supports.ts';
import { bytesPerElement, type DType } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import { elementCount } from '../values/shape.ts';
import { show } from '../values/show.ts';
import type { Backend, Tensor } from './backend.ts';
import { checkedSupports } from './declared-support.ts';
import { deviceTensor, type TensorOwner } from './device-tensor.ts';
import { BUFFER, type HasBuffer } from './internals.ts';
import { type Mark, Net } from './net.ts';
import { Tidies } from './tidies.ts';
import { warnOfDropped } from './warn-of-dropped.ts';

/** A driver in use, and the account of what was allocated from it. */
export class TrackedDriver<B> implements TensorOwner<B> {
  readonly backend: Backend;
  readonly driver: Driver<B>;
  readonly supports: Supports;
  readonly #tidies: Tidies = new Tidies((tensor) => this.#memoryOf(tensor));
  readonly #net: Net<B> = new Net((buffer, bytes) => this.#dropped(buffer, bytes));
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
      `backend ${show(this.driver.name)} was disposed: create a new one with provider.create()`,
    );
  }

  allocate(shape: readonly number[], dtype: DType): Tensor {
    // Drivers allocate whole 32-bit words, and at least one: an empty tensor has a buffer too.
    const bytes = Math.max(4, Math.ceil((elementCount(shape) * bytesPerElement(dtype)) / 4) * 4);
    if (!Number.isSafeInteger(bytes)) {
      throw new RMSNormError('OUT_OF_MEMORY', `a ${dtype} tensor of shape ${show(shape)} needs ${bytes} bytes`);
    }
    return this.#track(this.driver.alloc(bytes), bytes, shape, dtype);
  }

  adopt(handle: unknown, shape: readonly number[], dtype: DType): Tensor {
    if (!this.driver.adopt) {
      throw new RMSNormError(
        'UNSUPPORTED',
        `backend ${show(this.driver.name)} cannot wrap memory of yours: use tensor()`,
      );
    }
    const buffer = this.driver.adopt(handle, elementCount(shape) * bytesPerElement(dtype), dtype);
    const tensor = this.#track(buffer, 0, shape, dtype);
    if (this.#tidies.running > 0) this.#tidies.wrap(tensor, handle);
    return tensor;
  }

  tidy<R>(fn: () => R): R {
    return this.#tidies.run(fn);
  }

  keep(tensor: Tensor): void {
    this.#tidies.keep(tensor);
  }

  lend(tensor: Tensor, handle: unknown, mark: Mark<B>, place: number): void {
    this.#net.forget(mark, place);
    if (this.#tidies.running > 0) this.#tidies.lend(tensor, handle);
  }

  release(tensor: Tensor, buffer: B, mark: Mark<B>, place: number): void {
    if (this.#tidies.running > 0) this.#tidies.keep(tensor);
    this.#free(buffer, this.#net.remove(mark, place));
  }

  dispose(): Promise<void> {
    this.#disposed ??= Promise.resolve().then(() => this.driver.dispose());
    this.#tensors = 0;
    this.#bytes = 0;
    return this.#disposed;
  }

  #memoryOf(tensor: Tensor): Uint8Array | null {
    const buffer = (tensor as unknown as HasBuffer<B>)[BUFFER];
    return buffer === null || this.#disposed !== null || !this.driver.view ? null : this.driver.view(buffer);
  }

  /** Called from the event loop, where nobody could catch an error. */
  #dropped(buffer: B, bytes: number): void {
    if (this.#disposed !== null) return;
    if (bytes > 0) warnOfDropped(this.driver.name, bytes);
    try {
      this.#free(buffer, bytes);
    } catch {
      // A driver that cannot free any more, as its device is gone, says so at the next call.
    }
  }

  #free(buffer: B, bytes: number): void {
    if (this.#disposed !== null) return;
    this.#tensors -= 1;
    this.#bytes -= bytes;
    this.driver.free(buffer);
  }

  #track(buffer: B, bytes: number, shape: readonly number[], dtype: DType): Tensor {
    this.#tensors += 1;
    this.#bytes += bytes;
    const tensor = deviceTensor(this, buffer, Object.freeze(shape), dtype, this.#net.add(buffer, bytes));
    if (this.#tidies.running > 0) this.#tidies.add(tensor);
    return tensor;
  }
}
