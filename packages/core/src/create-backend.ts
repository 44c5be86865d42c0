import type { Backend, HostData, PrepareOptions, Tensor } from './backend.ts';
import type { Driver, Supports } from './driver.ts';
import type { DType, FloatDType } from './dtype.ts';
import { Engine } from './engine.ts';
import { asHostTensor, bytesOf, checkedDType } from './host-tensor.ts';
import { bufferOf, ENGINE, type EngineOwned } from './identity.ts';
import { problemOf } from './layout.ts';
import { refusePartial } from './operations/sharded.ts';
import { isEmpty, planFor } from './plan.ts';
import type { RMSNorm } from './rms-norm.ts';
import { checkedShape } from './shape.ts';

/**
 * A backend over a driver: tensors, validation, layout, accounting and errors, written once for all of them.
 * @throws RMSNormError INVALID_OPTION where `driver.supports` names what there is not
 */
export function createBackend<B>(driver: Driver<B>): Backend {
  return new DriverBackend(driver);
}

class DriverBackend<B> implements Backend, EngineOwned<B> {
  readonly [ENGINE]: Engine<B>;
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  constructor(driver: Driver<B>) {
    this[ENGINE] = new Engine(this, driver);
  }

  get name(): string {
    return this[ENGINE].driver.name;
  }

  get device(): string {
    return this[ENGINE].driver.device;
  }

  get supports(): Supports {
    return this[ENGINE].supports;
  }

  tensor(data: HostData | readonly number[], shape: readonly number[], dtype?: FloatDType): Tensor {
    const engine = this.#engine();
    const host = asHostTensor(data, checkedShape(shape), dtype);
    const { byteOffset, byteLength } = host.data;
    const tensor = engine.allocate(host.shape, host.dtype);
    try {
      const buffer = bufferOf(engine, tensor, 'the tensor');
      // Where data is a view() of memory that grew for this tensor, its elements lie where they lay, in the new buffer.
      const grown = host.data.byteLength < byteLength;
      const bytes = grown
        ? new Uint8Array(engine.driver.view!(buffer).buffer, byteOffset, byteLength)
        : bytesOf(host.data);
      if (byteLength > 0) engine.driver.write(buffer, bytes);
      return tensor;
    } catch (error) {
      tensor.dispose();
      throw error;
    }
  }

  empty(shape: readonly number[], dtype: DType = 'float32'): Tensor {
    return this.#engine().allocate(checkedShape(shape), checkedDType(dtype));
  }

  wrap(handle: unknown, shape: readonly number[], dtype: DType = 'float32'): Tensor {
    return this.#engine().adopt(handle, checkedShape(shape), checkedDType(dtype));
  }

  memory(): { tensors: number; bytes: number } {
    return this[ENGINE].memory;
  }

  flush(): void {
    this.#engine().driver.flush?.();
  }

  async prepare(
    norm: RMSNorm,
    shapes: readonly (readonly number[])[],
    wanted: FloatDType | PrepareOptions = {},
  ): Promise<void> {
    const engine = this.#engine();
    const { options } = norm;
    const { dtype = 'float32', ops = ['forward'] } = typeof wanted === 'string' ? { dtype: wanted } : wanted;
    if (ops.some((op) => op === 'sumSquares' || op === 'scaleBy')) refusePartial(options);
    const { bias: beta, affine: gamma, normBeforeGate } = options;
    const problems = shapes.map((shape) => {
      const x = { shape: checkedShape(shape), dtype: checkedDType(dtype) };
      for (const op of ops) planFor(engine, op, options, x, { beta, rstd: false });
      return problemOf(options, x.shape, dtype);
    });
    const some = problems.filter((p) => !isEmpty(p));
    await engine.driver.prepare?.(some, { ops, gamma, beta, normBeforeGate });
  }

  dispose(): Promise<void> {
    return this[ENGINE].dispose();
  }

  #engine(): Engine<B> {
    this[ENGINE].assertAlive();
    return this[ENGINE];
  }
}

if (typeof Symbol.asyncDispose === 'symbol') {
  Object.defineProperty(DriverBackend.prototype, Symbol.asyncDispose, { value: DriverBackend.prototype.dispose });
}
