import { type AbortSignalLike, abortable, throwIfAborted } from '../values/abort.ts';
import { bytesPerElement, type DType } from '../values/dtype.ts';
import { elementCount } from '../values/shape.ts';
import { typedView } from '../values/typed-view.ts';
import type { Backend, Tensor } from './backend.ts';
import { type BackendInternals, BUFFER, bufferOf, type HasBuffer, INTERNALS } from './internals.ts';

type TypedData = Float32Array | Uint16Array | Int8Array;

/** Called once, by dispose: frees the memory and no longer counts it. */
type Release = () => void;

/** A tensor in a driver's memory, with a `view` where the host can address it. */
export function deviceTensor<B>(
  internals: BackendInternals<B>,
  buffer: B,
  shape: readonly number[],
  dtype: DType,
  release: Release,
): Tensor {
  const TensorClass = internals.driver.view ? AddressableTensor : DeviceTensor;
  return new TensorClass(internals, buffer, shape, dtype, release);
}

class DeviceTensor<B> implements Tensor, HasBuffer<B> {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly [INTERNALS]: BackendInternals<B>;
  [BUFFER]: B | null;
  declare readonly [Symbol.dispose]: () => void;
  readonly #release: Release;

  constructor(internals: BackendInternals<B>, buffer: B, shape: readonly number[], dtype: DType, release: Release) {
    this[INTERNALS] = internals;
    this[BUFFER] = buffer;
    this.shape = shape;
    this.dtype = dtype;
    this.#release = release;
  }

  get backend(): Backend {
    return this[INTERNALS].backend;
  }

  get buffer(): unknown {
    const { driver } = this[INTERNALS];
    const buffer = this.#buffer();
    return driver.handle ? driver.handle(buffer) : buffer;
  }

  async data({ signal }: { signal?: AbortSignalLike } = {}): Promise<TypedData> {
    throwIfAborted(signal);
    const buffer = this.#buffer();
    const bytes = new Uint8Array(elementCount(this.shape) * bytesPerElement(this.dtype));
    if (bytes.length > 0) await abortable(this[INTERNALS].driver.read(buffer, bytes, signal), signal);
    return typedView(bytes, this.dtype);
  }

  dispose(): void {
    if (this[BUFFER] === null) return;
    this[BUFFER] = null;
    this.#release();
  }

  #buffer(): B {
    this[INTERNALS].assertAlive();
    return bufferOf(this[INTERNALS], this, 'the tensor');
  }
}

class AddressableTensor<B> extends DeviceTensor<B> {
  view(): TypedData {
    const internals = this[INTERNALS];
    internals.assertAlive();
    const memory = internals.driver.view!(bufferOf(internals, this, 'the tensor'));
    return typedView(memory.subarray(0, elementCount(this.shape) * bytesPerElement(this.dtype)), this.dtype);
  }
}

// Where Symbol.dispose does not exist, tensors must not get a method that is called 'undefined'.
if (typeof Symbol.dispose === 'symbol') {
  Object.defineProperty(DeviceTensor.prototype, Symbol.dispose, { value: DeviceTensor.prototype.dispose });
}
