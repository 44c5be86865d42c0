/*
 * The folder `backend/`: what createBackend makes of a driver, and the interfaces of it that users see (backend.ts).
 * It imports from values/, driver/ and options/.
 */

import type { Driver } from '../driver/driver.ts';
import type { Op } from '../driver/io.ts';
import { OPS } from '../driver/operations.ts';
import { isEmpty } from '../driver/problem.ts';
import type { Supports } from '../driver/supports.ts';
import { problemLaidOut } from '../options/layout.ts';
import { refusePartialShards } from '../options/operation-problem.ts';
import { type ResolvedOptions, resolvedAgain } from '../options/options.ts';
import { refuseMore } from '../values/arguments.ts';
import type { DType, FloatDType } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import type { HostData } from '../values/host-data.ts';
import { asHostTensor, checkedDType, floatDType } from '../values/host-tensor.ts';
import { type Form, keysOf, readKeys } from '../values/keys.ts';
import { bytesOf } from '../values/plain-array.ts';
import { isArray, reading } from '../values/reading.ts';
import { checkedShape } from '../values/shape.ts';
import { show } from '../values/show.ts';
import type { Backend, PreparableNorm, PrepareOptions, Tensor, TensorTypes } from './backend.ts';
import { requireSupport } from './declared-support.ts';
import { backendText, showAs } from './inspection.ts';
import { type BackendInternals, bufferOf, type HasInternals, INTERNALS } from './internals.ts';
import { TrackedDriver } from './tracked-driver.ts';

const PREPARE: Form = { name: "prepare's options", keys: keysOf<PrepareOptions>({ dtype: true, ops: true }) };

/**
 * A backend over a driver: tensors, validation, layout, accounting and errors, written once for all of them.
 * @template T how its tensors are typed, where they have more than all tensors have
 * @throws RMSNormError INVALID_OPTION where `driver.supports` names something unknown, or `driver` is no driver
 */
export function createBackend<B, T extends TensorTypes = TensorTypes>(driver: Driver<B>): Backend<T> {
  if (arguments.length > 1) refuseMore(arguments, 1, 'createBackend(driver)');
  return new DriverBackend(driver) as unknown as Backend<T>;
}

class DriverBackend<B> implements HasInternals<B> {
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  declare readonly [INTERNALS]: BackendInternals<B>;
  readonly #internals: BackendInternals<B>;

  constructor(driver: Driver<B>) {
    this.#internals = new TrackedDriver(this as Backend, driver);
    // Not enumerable: whatever shows or copies objects leaves it out.
    Object.defineProperty(this, INTERNALS, { value: this.#internals });
  }

  get name(): string {
    return this.#internals.driver.name;
  }

  get device(): string {
    return this.#internals.driver.device;
  }

  get supports(): Supports {
    return this.#internals.supports;
  }

  tensor(data: HostData | readonly number[], shape: readonly number[], dtype?: FloatDType): Tensor {
    if (arguments.length > 3) refuseMore(arguments, 3, 'tensor(data, shape, dtype)');
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
    if (arguments.length > 2) refuseMore(arguments, 2, 'empty(shape, dtype)');
    return this.#alive().allocate(checkedShape(shape), checkedDType(dtype));
  }

  wrap(handle: unknown, shape: readonly number[], dtype: DType = 'float32'): Tensor {
    if (arguments.length > 3) refuseMore(arguments, 3, 'wrap(handle, shape, dtype)');
    return this.#alive().adopt(handle, checkedShape(shape), checkedDType(dtype));
  }

  tidy<R>(fn: () => R): R {
    if (arguments.length > 1) refuseMore(arguments, 1, 'tidy(fn)');
    return this.#alive().tidy(fn);
  }

  memory(): { tensors: number; bytes: number } {
    if (arguments.length > 0) refuseMore(arguments, 0, 'memory()');
    return this.#internals.memory;
  }

  flush(): void {
    if (arguments.length > 0) refuseMore(arguments, 0, 'flush()');
    this.#alive().driver.flush?.();
  }

  async prepare(
    norm: PreparableNorm,
    shapes: readonly (readonly number[])[],
    wanted: FloatDType | PrepareOptions = {},
  ): Promise<void> {
    if (arguments.length > 3) refuseMore(arguments, 3, 'prepare(norm, shapes, { dtype, ops })');
    const internals = this.#alive();
    const options = checkedOptionsOf(norm);
    const { dtype, ops } = checkedWanted(wanted);
    for (const op of ops) refusePartialShards(op, options);
    const { bias: beta, affine: gamma, normBeforeGate } = options;
    const problems = checkedShapes(shapes).map((shape) => {
      const problem = problemLaidOut(options, checkedShape(shape), floatDType(checkedDType(dtype)));
      for (const op of ops) requireSupport(internals, op, problem, { beta, rstd: false });
      return problem;
    });
    const some = problems.filter((problem) => !isEmpty(problem));
    await internals.driver.prepare?.(some, { ops, gamma, beta, normBeforeGate });
  }

  dispose(): Promise<void> {
    return this.#internals.dispose();
  }

  #alive(): BackendInternals<B> {
    this.#internals.assertAlive();
    return this.#internals;
  }
}

if (typeof Symbol.asyncDispose === 'symbol') {
  Object.defineProperty(DriverBackend.prototype, Symbol.asyncDispose, { value: DriverBackend.prototype.dispose });
}

showAs<DriverBackend<unknown>>(DriverBackend, 'Backend', (backend) =>
  backendText(backend as unknown as Backend, backend[INTERNALS].disposed),
);

function checkedOptionsOf(norm: PreparableNorm): ResolvedOptions {
  const options = reading('the norm', 'INVALID_OPTION', () => norm?.options);
  if (typeof options === 'object' && options !== null) return resolvedAgain(options);
  throw new RMSNormError('INVALID_OPTION', `prepare() takes an RMSNorm, got ${show(norm)}`);
}

/** More shapes, or operations, are a mistake, which would take long to look at. */
const MOST_PREPARED = 65_536;

function checkedShapes(shapes: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const listed = isArray(shapes) && reading('the shapes', 'SHAPE', () => shapes.length <= MOST_PREPARED && [...shapes]);
  if (listed) return listed;
  throw new RMSNormError('SHAPE', `prepare() takes an array of shapes, such as [[8, 4096]], got ${show(shapes)}`);
}

function checkedWanted(wanted: FloatDType | PrepareOptions): {
  readonly dtype: FloatDType;
  readonly ops: readonly Op[];
} {
  if (typeof wanted === 'string') return { dtype: wanted, ops: ['forward'] };
  const { dtype = 'float32', ops = ['forward'] } = readKeys(wanted, PREPARE);
  if (
    reading(
      'ops',
      'INVALID_OPTION',
      () => Array.isArray(ops) && ops.length <= MOST_PREPARED && [...ops].every((op) => typeof op === 'string'),
    )
  ) {
    return { dtype, ops };
  }
  throw new RMSNormError('INVALID_OPTION', `ops must be an array of ${OPS.join(', ')}, got ${show(ops)}`);
}
