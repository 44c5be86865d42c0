import { type Driver, type HostForwardIO, OPS, type Problem, RMSNormError, type Supports } from '@rmsnorm/core';
import { createRandom, type Random } from '../../../src/index.ts';
import type { OperationsDriver } from '../operations-driver.ts';
import { drawArithmetic } from './arithmetic.ts';
import { ArithmeticDriver } from './arithmetic-driver.ts';
import { drawMemory, Memory, type MemoryChoice, type Storage } from './memory.ts';
import { drawSupports } from './supports.ts';

/** A buffer of the driver. Several may stand for one storage: memory that was wrapped. */
export interface Buffer {
  readonly storage: Storage;
  readonly owned: boolean;
}

/** What `tensor.buffer` is, where the driver has handles. */
class Handle {
  readonly storage: Storage;

  constructor(storage: Storage) {
    this.storage = storage;
  }
}

type Named = Readonly<Record<string, unknown>>;
type Kernel = (p: never, io: never) => void;

/** A right driver: what it declares, computes and does with memory is drawn from `seed`. */
export function drawnDriver(seed: number): Driver<Buffer> {
  const random = createRandom(seed, 'drawn-driver');
  const supports = drawSupports(random);
  const arithmetic = drawArithmetic(random, supports);
  const memory = drawMemory(random);
  const driver = new DrawnDriver(`drawn-${seed}`, supports, memory, new ArithmeticDriver(arithmetic, random));
  leaveOut(driver, memory, random);
  return driver;
}

/** What the driver of `seed` is like, in one line. */
export function describeDriver(seed: number): string {
  const random = createRandom(seed, 'drawn-driver');
  const supports = drawSupports(random);
  const arithmetic = drawArithmetic(random, supports);
  return JSON.stringify({ seed, supports, arithmetic, memory: drawMemory(random) });
}

/** A driver that cannot do something lacks the method; one that has more than it declares is right as well. */
function leaveOut(driver: DrawnDriver, memory: MemoryChoice, random: Random): void {
  const { view, wrap, handle, hostForward, flush, prepare } = memory;
  const without = { view, adopt: wrap, handle, hostForward, flush, prepare };
  const keepsAll = random.uniform() < 0.5;
  const undeclared = keepsAll ? [] : OPS.filter((op) => !driver.supports.ops.includes(op));
  const absent = Object.entries(without).flatMap(([name, has]) => (has ? [] : [name]));
  for (const name of [...absent, ...undeclared]) Object.defineProperty(driver, name, { value: undefined });
}

class DrawnDriver implements Driver<Buffer> {
  readonly name: string;
  readonly device = 'drawn at random';
  readonly supports: Supports;
  readonly #choice: MemoryChoice;
  readonly #memory: Memory;
  readonly #kernels: OperationsDriver;
  #jobs: (() => void)[] = [];
  #isWaiting = false;

  constructor(name: string, supports: Supports, choice: MemoryChoice, kernels: OperationsDriver) {
    this.name = name;
    this.supports = supports;
    this.#choice = choice;
    this.#memory = new Memory(choice.kind);
    this.#kernels = kernels;
    for (const op of OPS) {
      const kernel = (p: Problem, io: Named): void =>
        this.#run(() => (kernels[op] as Kernel).call(kernels, p as never, bytesIn(io) as never));
      Object.defineProperty(this, op, { value: kernel, configurable: true });
    }
  }

  declare forward: Driver<Buffer>['forward'];

  alloc(bytes: number): Buffer {
    return { storage: this.#memory.alloc(bytes), owned: true };
  }

  free({ storage, owned }: Buffer): void {
    if (owned) this.#run(() => this.#memory.free(storage));
  }

  write({ storage }: Buffer, bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.#run(() => storage.bytes.set(copy));
  }

  read({ storage }: Buffer, into: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#run(() => {
        into.set(storage.bytes.subarray(0, into.length));
        resolve();
      });
      if (this.#choice.runs === 'when-read') setImmediate(() => this.#runAll());
    });
  }

  view({ storage }: Buffer): Uint8Array {
    return storage.bytes;
  }

  adopt(handle: unknown, bytes: number): Buffer {
    const { storage } = (handle ?? {}) as Partial<Buffer>;
    if (!storage) throw new RMSNormError('FOREIGN_TENSOR', `this is no handle of ${this.name}: ${typeof handle}`);
    if (storage.asked < bytes) {
      throw new RMSNormError('SHAPE', `the memory has ${storage.asked} bytes, the tensor needs ${bytes}`);
    }
    return { storage, owned: false };
  }

  handle({ storage }: Buffer): unknown {
    this.#runAll();
    return new Handle(storage);
  }

  async hostForward(p: Problem, io: HostForwardIO): Promise<void> {
    await this.#kernels.hostForward(p, io);
    await new Promise((resolve) => setImmediate(resolve));
  }

  flush(): void {
    this.#runAll();
  }

  async prepare(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  dispose(): void {
    this.#jobs = [];
  }

  #run(job: () => void): void {
    if (this.#choice.runs === 'at-once') {
      job();
      return;
    }
    this.#jobs.push(job);
    if (this.#choice.runs === 'later') this.#wait();
  }

  /** Some jobs in each turn of the event loop. */
  #wait(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setImmediate(() => {
      this.#isWaiting = false;
      for (const job of this.#jobs.splice(0, 200)) job();
      if (this.#jobs.length > 0) this.#wait();
    });
  }

  #runAll(): void {
    for (const job of this.#jobs.splice(0)) job();
  }
}

/** The operands as the kernels take them: bytes, where they are now. */
function bytesIn(io: Named): Named {
  return Object.fromEntries(
    Object.entries(io).map(([name, buffer]) => [name, buffer === null ? null : (buffer as Buffer).storage.bytes]),
  );
}
