import { type AbortSignalLike, abortable, throwIfAborted } from './abort.ts';
import type { Backend, Tensor } from './backend.ts';
import { bytesPerElement, type DType } from './dtype.ts';
import type { Engine } from './engine.ts';
import { BUFFER, type BufferOwner, bufferOf, ENGINE } from './identity.ts';
import { elementCount } from './shape.ts';

type TypedData = Float32Array | Uint16Array | Int8Array;

/** Called once, by dispose: takes the tensor off the books and frees its memory. */
type Release = () => void;

/** A tensor in a driver's memory, with a `view` where the host can address it. */
export function deviceTensor<B>(
  engine: Engine<B>,
  buffer: B,
  shape: readonly number[],
  dtype: DType,
  release: Release,
): Tensor {
  const TensorClass = engine.driver.view ? AddressableTensor : DeviceTensor;
  return new TensorClass(engine, buffer, shape, dtype, release);
}

class DeviceTensor<B> implements Tensor, BufferOwner<B> {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly [ENGINE]: Engine<B>;
  [BUFFER]: B | null;
  declare readonly [Symbol.dispose]: () => void;
  readonly #release: Release;

  constructor(engine: Engine<B>, buffer: B, shape: readonly number[], dtype: DType, release: Release) {
    this[ENGINE] = engine;
    this[BUFFER] = buffer;
    this.shape = shape;
    this.dtype = dtype;
    this.#release = release;
  }

  get backend(): Backend {
    return this[ENGINE].backend;
  }

  get buffer(): unknown {
    const { driver } = this[ENGINE];
    const buffer = this.#buffer();
    return driver.handle ? driver.handle(buffer) : buffer;
  }

  async data({ signal }: { signal?: AbortSignalLike } = {}): Promise<TypedData> {
    throwIfAborted(signal);
    const buffer = this.#buffer();
    const bytes = new Uint8Array(elementCount(this.shape) * bytesPerElement(this.dtype));
    if (bytes.length > 0) await abortable(this[ENGINE].driver.read(buffer, bytes, signal), signal);
    return typed(bytes, this.dtype);
  }

  dispose(): void {
    if (this[BUFFER] === null) return;
    this[BUFFER] = null;
    this.#release();
  }

  #buffer(): B {
    this[ENGINE].assertAlive();
    return bufferOf(this[ENGINE], this, 'the tensor');
  }
}

class AddressableTensor<B> extends DeviceTensor<B> {
  view(): TypedData {
    const engine = this[ENGINE];
    engine.assertAlive();
    const memory = engine.driver.view!(bufferOf(engine, this, 'the tensor'));
    return typed(memory.subarray(0, elementCount(this.shape) * bytesPerElement(this.dtype)), this.dtype);
  }
}

// Engines without Symbol.dispose must not get a method that is called 'undefined'.
if (typeof Symbol.dispose === 'symbol') {
  Object.defineProperty(DeviceTensor.prototype, Symbol.dispose, { value: DeviceTensor.prototype.dispose });
}

function typed({ buffer, byteOffset, byteLength }: Uint8Array, dtype: DType): TypedData {
  const length = byteLength / bytesPerElement(dtype);
  if (dtype === 'float32') return new Float32Array(buffer, byteOffset, length);
  if (dtype === 'int8') return new Int8Array(buffer, byteOffset, length);
  return new Uint16Array(buffer, byteOffset, length);
}
