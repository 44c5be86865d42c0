import type { Native, NativeBackend, NativeMemory, NativeOptions, NativeProbe } from '../src/native.ts';
import { type CudaOptions, checkedOptions } from '../src/options.ts';
import { providerOf } from '../src/provider.ts';
import type { CudaBackend } from '../src/tensor.ts';

/** The fields of the addon, in an order that is not that of src/fields.ts, with one more. */
const FIELDS: readonly string[] = [
  ...['scales', 'q', 'dbeta', 'dgamma', 'dx', 'sums', 'rstd', 'sum', 'y', 'sumsIn', 'dsum', 'rstdIn', 'dy', 'beta'],
  ...['gamma', 'gate', 'residual', 'x', 'later', 'scale', 'hasScale', 'count', 'normBeforeGate', 'llama'],
  ...['weightOffset', 'alpha', 'leastSum', 'clampedNorm', 'leastNorm', 'epsUnderRoot', 'sumFactor', 'numerator'],
  ...['statSize', 'inner', 'size', 'groups', 'outer', 'dtype', 'op'],
];

/** An addon whose device has memory and no kernels: it notes what it is told. */
export class FakeNative implements Native {
  fields: readonly string[] = FIELDS;
  answer: NativeProbe = {
    ok: true,
    driverVersion: 13000,
    devices: [
      { ordinal: 0, name: 'NVIDIA H200', major: 9, minor: 0, memory: 2 ** 37, multiprocessors: 132 },
      { ordinal: 1, name: 'Tesla V100', major: 7, minor: 0, memory: 2 ** 34, multiprocessors: 80 },
    ],
  };
  readonly opened: NativeOptions[] = [];
  readonly backends: FakeBackend[] = [];

  probe(): NativeProbe {
    return this.answer;
  }

  open(options: NativeOptions): NativeBackend {
    this.opened.push(options);
    const backend = new FakeBackend(options);
    this.backends.push(backend);
    return backend;
  }

  /** A backend over it, and what that does to the device. */
  async create(options: CudaOptions = {}): Promise<{ backend: CudaBackend; device: FakeBackend }> {
    const backend = await providerOf(checkedOptions(options), () => this).create();
    return { backend, device: this.backends.at(-1)! };
  }
}

/** An error as the addon throws it. */
export function nativeError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

interface PendingRead {
  readonly address: number;
  readonly into: Uint8Array;
  readonly done: (error: Error | null) => void;
}

export class FakeBackend implements NativeBackend {
  readonly device: string = 'NVIDIA H200 (sm_90, driver 13.0)';
  readonly stream: bigint;
  readonly memory: Map<number, Uint8Array> = new Map();
  /** All that was enqueued, in order. */
  readonly log: string[] = [];
  /** The numbers of each call, by their names. */
  readonly calls: Record<string, number>[] = [];
  readonly reads: Map<number, PendingRead> = new Map();
  /** Thrown by the next method of this name. */
  readonly failures: Partial<Record<string, Error>> = {};
  known: NativeMemory = { kind: 'device', device: 0, base: 0x1000n, bytes: 4096 };
  kept = false;
  #next = 0x10000;
  #tickets = 1;
  #graphs = 1n;

  constructor({ stream }: NativeOptions) {
    this.stream = stream ?? 0x77n;
  }

  alloc(bytes: number): number {
    this.#note('alloc', bytes);
    const address = this.#next;
    this.#next += Math.ceil(bytes / 256) * 256;
    this.memory.set(address, new Uint8Array(bytes));
    return address;
  }

  free(address: number): void {
    this.#note('free', address);
    if (!this.memory.delete(address)) throw nativeError('DEVICE_ERROR', `no memory at ${address}`);
  }

  write(address: number, bytes: Uint8Array): void {
    this.#note('write', address);
    this.memory.get(address)!.set(bytes);
  }

  read(address: number, into: Uint8Array, done: (error: Error | null) => void): number {
    this.#note('read', address);
    const ticket = this.#tickets++;
    this.reads.set(ticket, { address, into, done });
    return ticket;
  }

  cancel(ticket: number): void {
    this.#note('cancel', ticket);
    this.reads.delete(ticket);
  }

  launch(call: Float64Array): void {
    this.#note('launch', call.length);
    this.calls.push(Object.fromEntries(FIELDS.map((name, i) => [name, call[i]!])));
  }

  keep(): void {
    this.kept = true;
  }

  inspect(): NativeMemory {
    this.#note('inspect', 0);
    return this.known;
  }

  beginCapture(): void {
    this.#note('beginCapture', 0);
  }

  endCapture(): bigint {
    this.#note('endCapture', 0);
    return this.#graphs++;
  }

  launchGraph(graph: bigint): void {
    this.#note('launchGraph', graph);
  }

  disposeGraph(graph: bigint): void {
    this.#note('disposeGraph', graph);
  }

  close(done: () => void): void {
    this.#note('close', 0);
    setTimeout(done);
  }

  /** Lets the reads that are pending arrive. */
  arrive(error: Error | null = null): void {
    for (const [ticket, { address, into, done }] of [...this.reads]) {
      this.reads.delete(ticket);
      if (error === null) into.set(this.memory.get(address)!.subarray(0, into.length));
      done(error);
    }
  }

  #note(what: string, value: number | bigint): void {
    const failure = this.failures[what];
    delete this.failures[what];
    if (failure) throw failure;
    this.log.push(`${what} ${value}`);
  }
}
