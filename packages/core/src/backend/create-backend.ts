/*
 * The folder `backend/`: what createBackend makes of a driver, and the interfaces of it that users see (backend.ts).
 * It imports from values/, driver/ and options/.
 */

import type { Driver } from '../driver/driver.ts';
import { isEmpty } from '../driver/problem.ts';
import type { Supports } from '../driver/supports.ts';
import { problemOf } from '../options/layout.ts';
import { refusePartialShards } from '../options/operation-problem.ts';
import type { DType, FloatDType } from '../values/dtype.ts';
import type { HostData } from '../values/host-data.ts';
import { asHostTensor, bytesOf, checkedDType, floatDType } from '../values/host-tensor.ts';
import { checkedShape } from '../values/shape.ts';
import type { Backend, PreparableNorm, PrepareOptions, Tensor } from './backend.ts';
import { requireSupport } from './declared-support.ts';
import { type BackendInternals, bufferOf, type HasInternals, INTERNALS } from './internals.ts';
import { TrackedDriver } from './tracked-driver.ts';

/**
 * A backend over a driver: tensors, validation, layout, accounting and errors, written once for all of them.
 * @throws RMSNormError INVALID_OPTION where `driver.supports` names what there is not
 */
export function createBackend<B>(driver: Driver<B>): Backend {
  return new DriverBackend(driver);
}

class DriverBackend<B> implements Backend, HasInternals<B> {
  readonly [INTERNALS]: BackendInternals<B>;
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  constructor(driver: Driver<B>) {
    this[INTERNALS] = new TrackedDriver(this, driver);
  }

  get name(): string {
    return this[INTERNALS].driver.name;
  }

  get device(): string {
    return this[INTERNALS].driver.device;
  }

  get supports(): Supports {
    return this[INTERNALS].supports;
  }

  tensor(data: HostData | readonly number[], shape: readonly number[], dtype?: FloatDType): Tensor {
    const internals = this.#alive();
    const host = asHostTensor(data, checkedShape(shape), dtype);
    const { byteOffset, byteLength } = host.data;
    const tensor = internals.allocate(host.shape, host.dtype);
    try {
      const buffer = bufferOf(internals, tensor, 'the tensor');
      // `data` may be a view() of memory that grew as this tensor was allocated. That view is empty now; its elements are
      // at the same place of the new memory.
      const grown = host.data.byteLength < byteLength;
      const bytes = grown
        ? new Uint8Array(internals.driver.view!(buffer).buffer, byteOffset, byteLength)
        : bytesOf(host.data);
      if (byteLength > 0) internals.driver.write(buffer, bytes);
      return tensor;
    } catch (error) {
      tensor.dispose();
      throw error;
    }
  }

  empty(shape: readonly number[], dtype: DType = 'float32'): Tensor {
    return this.#alive().allocate(checkedShape(shape), checkedDType(dtype));
  }

  wrap(handle: unknown, shape: readonly number[], dtype: DType = 'float32'): Tensor {
    return this.#alive().adopt(handle, checkedShape(shape), checkedDType(dtype));
  }

  memory(): { tensors: number; bytes: number } {
    return this[INTERNALS].memory;
  }

  flush(): void {
    this.#alive().driver.flush?.();
  }

  async prepare(
    norm: PreparableNorm,
    shapes: readonly (readonly number[])[],
    wanted: FloatDType | PrepareOptions = {},
  ): Promise<void> {
    const internals = this.#alive();
    const { options } = norm;
    const { dtype = 'float32', ops = ['forward'] } = typeof wanted === 'string' ? { dtype: wanted } : wanted;
    for (const op of ops) refusePartialShards(op, options);
    const { bias: beta, affine: gamma, normBeforeGate } = options;
    const problems = shapes.map((shape) => {
      const problem = problemOf(options, checkedShape(shape), floatDType(checkedDType(dtype)));
      for (const op of ops) requireSupport(internals, op, problem, { beta, rstd: false });
      return problem;
    });
    const some = problems.filter((problem) => !isEmpty(problem));
    await internals.driver.prepare?.(some, { ops, gamma, beta, normBeforeGate });
  }

  dispose(): Promise<void> {
    return this[INTERNALS].dispose();
  }

  #alive(): BackendInternals<B> {
    this[INTERNALS].assertAlive();
    return this[INTERNALS];
  }
}

if (typeof Symbol.asyncDispose === 'symbol') {
  Object.defineProperty(DriverBackend.prototype, Symbol.asyncDispose, { value: DriverBackend.prototype.dispose });
}
