import {
  type Backend,
  bytesPerElement,
  decode,
  type FloatDType,
  OPERATIONS,
  type Op,
  type Problem,
} from '@rmsnorm/core';

/** One operand of a call. */
export interface RecordedOperand {
  readonly name: string;
  readonly role: 'input' | 'output';
  readonly dtype: FloatDType | 'int8';
  /** As the driver sees it: [outer, groups, size, inner], [groups, size], [outer, groups, inner] or [outer, inner]. */
  readonly shape: readonly number[];
  /** Whose very memory it is, where two operands are one. */
  readonly is?: string;
  /** Undefined where they are not known: an output that nobody read, or an input that another call had written. */
  values?: ArrayLike<number>;
}

/** One call of the driver. */
export interface RecordedCall {
  readonly op: Op | 'hostForward';
  readonly problem: Problem;
  readonly operands: readonly RecordedOperand[];
}

/** More calls than this are counted, not kept. */
const MOST_CALLS = 200;

/** Where core keeps a backend's driver. */
const INTERNALS = Symbol.for('@rmsnorm/core/internals/1');

type Method = (...args: never[]) => unknown;
type Methods = Record<string, Method | undefined>;

/** What the drivers of some backends are asked to do: every call with its operands, and what was read of its results. */
export class Recording {
  readonly calls: RecordedCall[] = [];
  /** Calls that came after those that are kept. */
  more = 0;
  /** Why nothing is recorded; null where it is. */
  reason: string | null = null;
  /** What the host wrote, by buffer; a call that writes a buffer takes its contents away. */
  readonly #written = new Map<unknown, Uint8Array>();
  readonly #outputs = new Map<unknown, RecordedOperand>();

  /** Puts itself before the methods of the backend's driver. */
  watch(backend: Backend): void {
    const internals = (backend as { [INTERNALS]?: { driver?: Methods } })[INTERNALS];
    const driver = internals?.driver;
    if (driver === undefined) {
      this.reason = 'createBackend() of this @rmsnorm/core did not make the backend';
      return;
    }
    try {
      this.#watchMemory(driver);
      for (const op of Object.keys(OPERATIONS) as Op[]) {
        before(driver, op, (problem: Problem, io: Readonly<Record<string, unknown>>) => this.#called(op, problem, io));
      }
      before(driver, 'hostForward', (problem: Problem, io: Readonly<Record<string, unknown>>) =>
        this.#calledOnHost(problem, io),
      );
    } catch {
      this.reason = 'the driver is frozen';
    }
  }

  #watchMemory(driver: Methods): void {
    before(driver, 'write', (buffer: unknown, bytes: Uint8Array) => {
      this.#written.set(buffer, bytes.slice());
      this.#outputs.delete(buffer);
    });
    before(driver, 'free', (buffer: unknown) => this.#forget(buffer));
    const { read } = driver;
    driver.read = async (...args: never[]) => {
      const [buffer, into] = args as unknown as [unknown, Uint8Array];
      const operand = this.#outputs.get(buffer);
      await read!.apply(driver, args);
      if (operand) operand.values ??= valuesIn(operand, into);
    };
  }

  #forget(buffer: unknown): void {
    this.#written.delete(buffer);
    this.#outputs.delete(buffer);
  }

  #called(op: Op, problem: Problem, io: Readonly<Record<string, unknown>>): void {
    const names = new Map<unknown, string>();
    const operands = OPERATIONS[op].operands.flatMap(({ name, role, dtype, extent }): RecordedOperand[] => {
      const buffer = io[name];
      if (buffer === null || buffer === undefined) return [];
      const same = names.get(buffer);
      names.set(buffer, name);
      const type = dtype === 'x' ? problem.dtype : dtype;
      const operand = { name, role, dtype: type, shape: shapeOf(extent, problem), ...(same && { is: same }) };
      const bytes = role === 'input' ? this.#written.get(buffer) : undefined;
      return [{ ...operand, ...(bytes && { values: valuesIn(operand, bytes) }) }];
    });
    for (const operand of operands) {
      if (operand.role === 'input') continue;
      this.#forget(io[operand.name]);
      this.#outputs.set(io[operand.name], operand);
    }
    this.#keep({ op, problem, operands });
  }

  #calledOnHost(problem: Problem, io: Readonly<Record<string, unknown>>): void {
    const operands = OPERATIONS.forward.operands.flatMap(({ name, role, extent, dtype }): RecordedOperand[] => {
      const array = io[name] as Uint8Array | Float32Array | null | undefined;
      if (array === null || array === undefined) return [];
      const type = dtype === 'x' ? problem.dtype : dtype;
      const operand = { name, role, dtype: type, shape: shapeOf(extent, problem) };
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      return [{ ...operand, ...(role === 'input' && { values: valuesIn(operand, bytes) }) }];
    });
    this.#keep({ op: 'hostForward', problem, operands });
  }

  #keep(call: RecordedCall): void {
    if (this.calls.length < MOST_CALLS) this.calls.push(call);
    else this.more++;
  }
}

/** Calls `told` with the arguments of each call of the method, if the driver has it, and then the method. */
function before(driver: Methods, name: string, told: (...args: never[]) => void): void {
  const method = driver[name];
  if (typeof method !== 'function') return;
  driver[name] = (...args: never[]) => {
    told(...args);
    return method.apply(driver, args);
  };
}

function shapeOf(extent: string, { outer, groups, size, inner }: Problem): readonly number[] {
  switch (extent) {
    case 'features':
      return [groups, size];
    case 'rows':
      return [outer, groups, inner];
    case 'positions':
      return [outer, inner];
    default:
      return [outer, groups, size, inner];
  }
}

function valuesIn({ dtype, shape }: Pick<RecordedOperand, 'dtype' | 'shape'>, bytes: Uint8Array): ArrayLike<number> {
  const count = shape.reduce((product, length) => product * length, 1);
  const { buffer } = bytes.slice(0, count * bytesPerElement(dtype));
  if (dtype === 'int8') return new Int8Array(buffer);
  if (dtype === 'float32') return new Float32Array(buffer);
  return decode(new Uint16Array(buffer), dtype);
}
