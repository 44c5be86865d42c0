import { abortable, type SignalOptions, signalOf, throwIfAborted } from '../values/abort.ts';
import { refuseMore } from '../values/arguments.ts';
import { bytesPerElement, type DType } from '../values/dtype.ts';
import type { DataOf, ViewOf } from '../values/host-data.ts';
import { hostMemory } from '../values/host-memory.ts';
import { elementCount } from '../values/shape.ts';
import { typedView } from '../values/typed-view.ts';
import type { Backend, Tensor } from './backend.ts';
import { showAs, tensorText } from './inspection.ts';
import { type BackendInternals, BUFFER, bufferOf, type HasBuffer, INTERNALS } from './internals.ts';
import type { Mark } from './net.ts';

/** What a tensor needs of its backend, beside what all need. */
export interface TensorOwner<B> extends BackendInternals<B> {
  /** A handle to the memory is given out, which others may hold: from now on only `dispose` frees it. */
  lend(tensor: Tensor, handle: unknown, mark: Mark<B>, place: number): void;
  /** Called once, by dispose: frees the memory and no longer counts it. */
  release(tensor: Tensor, buffer: B, mark: Mark<B>, place: number): void;
}

/**
 * A tensor in a driver's memory, with a `view` where the host can address it.
 * @param mark that of the bunch in which its memory was placed last
 */
export function deviceTensor<B>(
  owner: TensorOwner<B>,
  buffer: B,
  shape: readonly number[],
  dtype: DType,
  mark: Mark<B>,
): Tensor {
  const TensorClass = owner.driver.view ? AddressableTensor : DeviceTensor;
  return new TensorClass(owner, buffer, shape, dtype, mark);
}

const LEND: unique symbol = Symbol('RMSNorm tensor lend');

// Whatever shows objects shows an own property, so all but dtype and shape is private.
class DeviceTensor<B> implements Tensor, HasBuffer<B> {
  readonly dtype: DType;
  readonly shape: readonly number[];
  declare readonly [Symbol.dispose]: () => void;
  readonly #owner: TensorOwner<B>;
  readonly #place: number;
  #mark: Mark<B> | null;
  #buffer: B | null;

  constructor(owner: TensorOwner<B>, buffer: B, shape: readonly number[], dtype: DType, mark: Mark<B>) {
    this.dtype = dtype;
    this.shape = shape;
    this.#owner = owner;
    this.#mark = mark;
    this.#place = mark.bunch.tensors - 1;
    this.#buffer = buffer;
  }

  get [INTERNALS](): BackendInternals<B> {
    return this.#owner;
  }

  get [BUFFER](): B | null {
    return this.#buffer;
  }

  get backend(): Backend {
    return this.#owner.backend;
  }

  get buffer(): unknown {
    const { driver } = this.#owner;
    const buffer = this.#alive();
    return this[LEND](driver.handle ? driver.handle(buffer) : buffer);
  }

  /** The memory becomes known to others, by a handle that is returned. */
  [LEND]<H>(handle: H): H {
    if (this.#mark !== null) this.#owner.lend(this, handle, this.#mark, this.#place);
    return handle;
  }

  async data(options?: SignalOptions): Promise<DataOf<DType>> {
    if (arguments.length > 1) refuseMore(arguments, 1, 'data({ signal })');
    const signal = signalOf(options, "data()'s options");
    throwIfAborted(signal);
    const buffer = this.#alive();
    const length = elementCount(this.shape) * bytesPerElement(this.dtype);
    const bytes = hostMemory(() => new Uint8Array(length), length, 'bytes');
    if (length > 0) await abortable(this.#owner.driver.read(buffer, bytes, signal), signal);
    return typedView(bytes, this.dtype) as DataOf<DType>;
  }

  dispose(): void {
    const buffer = this.#buffer;
    const mark = this.#mark;
    if (buffer === null || mark === null) return;
    this.#buffer = null;
    this.#mark = null;
    this.#owner.release(this, buffer, mark, this.#place);
  }

  #alive(): B {
    this.#owner.assertAlive();
    return bufferOf(this.#owner, this, 'the tensor');
  }
}

class AddressableTensor<B> extends DeviceTensor<B> {
  view(): ViewOf<DType> {
    if (arguments.length > 0) refuseMore(arguments, 0, 'view()');
    return this[LEND](viewOf(this));
  }
}

/** The memory of a tensor, on the host. */
function viewOf<B>(tensor: DeviceTensor<B>): ViewOf<DType> {
  const internals = tensor[INTERNALS];
  internals.assertAlive();
  const memory = internals.driver.view!(bufferOf(internals, tensor, 'the tensor'));
  return typedView(memory.subarray(0, elementCount(tensor.shape) * bytesPerElement(tensor.dtype)), tensor.dtype);
}

for (const shown of [DeviceTensor, AddressableTensor]) {
  showAs(shown, 'Tensor', (tensor: DeviceTensor<unknown>) =>
    tensorText(tensor, tensor[BUFFER] === null || tensor[INTERNALS].disposed, () => viewOf(tensor)),
  );
}

// Where Symbol.dispose does not exist, tensors must not get a method that is called 'undefined'.
if (typeof Symbol.dispose === 'symbol') {
  Object.defineProperty(DeviceTensor.prototype, Symbol.dispose, { value: DeviceTensor.prototype.dispose });
}
