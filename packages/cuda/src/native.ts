// What the addon of @rmsnorm/cuda-linux-x64-gnu gives.

/** The module. */
export interface Native {
  /** The names of the numbers of a call, by their places. */
  readonly fields: readonly string[];
  /** Never throws. */
  probe(emulated: Emulated | null): NativeProbe;
  /** Throws as the methods of {@link NativeBackend} do. */
  open(options: NativeOptions): NativeBackend;
}

export type Emulated = 'sm_90' | 'sm_80';

export interface NativeOptions {
  readonly device: number;
  readonly stream: bigint | null;
  readonly emulated: Emulated | null;
  readonly stagingBytes?: number;
  /** Of an emulated device: how many bytes it has. */
  readonly memoryLimit?: number;
}

export type NativeProbe =
  | { readonly ok: true; readonly driverVersion: number; readonly devices: readonly NativeDevice[] }
  | { readonly ok: false; readonly code: NativeRefusal; readonly reason: string; readonly found?: string };

export type NativeRefusal = 'DRIVER_NOT_FOUND' | 'DRIVER_TOO_OLD' | 'NO_DEVICE' | 'ARCH_UNSUPPORTED' | 'DEVICE_ERROR';

export interface NativeDevice {
  readonly ordinal: number;
  readonly name: string;
  /** Of its compute capability. */
  readonly major: number;
  readonly minor: number;
  readonly memory: number;
  readonly multiprocessors: number;
  /** Why nothing runs on it, where the driver fails on it. */
  readonly problem?: string;
}

/** A stream, and memory. Every method may throw an Error with one of RMSNormError's codes, and the driver's words. */
export interface NativeBackend {
  /** In words. */
  readonly device: string;
  readonly stream: bigint;
  /** A device address: a number holds it exactly. */
  alloc(bytes: number): number;
  /** After what is enqueued. */
  free(address: number): void;
  /** Copies before it returns. */
  write(address: number, bytes: Uint8Array): void;
  /** Returns a ticket at once. `done` is called later, on the event loop, in the order of reads. */
  read(address: number, into: Uint8Array, done: (error: Error | null) => void): number;
  /** `into` is not written any more, and `done` is not called. */
  cancel(ticket: number): void;
  /** Enqueues the kernels of a call: its numbers stand at the places of {@link Native.fields}. */
  launch(call: Float64Array): void;
  /** The stream or an address was given out: garbage collection frees nothing any more, `close` does. */
  keep(): void;
  /** What the driver knows of an address. */
  inspect(address: bigint): NativeMemory;
  /** Until endCapture, what is launched becomes part of a graph. */
  beginCapture(): void;
  /** Its number. */
  endCapture(): bigint;
  launchGraph(graph: bigint): void;
  disposeGraph(graph: bigint): void;
  /** Calls `done` once what is enqueued has run and all is freed. */
  close(done: () => void): void;
}

export interface NativeMemory {
  readonly kind: 'device' | 'managed' | 'host' | 'unknown';
  /** The number of the GPU. */
  readonly device: number;
  /** Where the allocation begins, and how long it is. */
  readonly base: bigint;
  readonly bytes: number;
}
