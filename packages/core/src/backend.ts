import type { AbortSignalLike } from './abort.ts';
import type { Op, Supports } from './driver.ts';
import type { DType, FloatDType } from './dtype.ts';
import type { RMSNorm } from './rms-norm.ts';

/** A `Float16Array`, structurally: Node 20 and older browsers have none. */
export interface Float16ArrayLike {
  readonly BYTES_PER_ELEMENT: number;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly length: number;
  readonly [Symbol.toStringTag]: 'Float16Array';
  [index: number]: number;
  set(values: ArrayLike<number>, offset?: number): void;
}

/** Elements on the host: `Uint16Array` holds the raw bits of a float16 or bfloat16. */
export type HostData = Float32Array | Uint16Array | Float16ArrayLike;

export interface HostTensor {
  readonly dtype: FloatDType;
  readonly shape: readonly number[];
  readonly data: HostData;
}

export interface Tensor extends Disposable {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly backend: Backend;
  /** The native handle of the memory: what it is, the backend's documentation says. */
  readonly buffer: unknown;
  /** A copy on the host, after all work that was enqueued before: errors of the device surface here. */
  data(options?: { signal?: AbortSignalLike }): Promise<Float32Array | Uint16Array | Int8Array>;
  /** The memory itself where the host can address it (WASM); invalid after any later allocation. */
  view?(): Float32Array | Uint16Array | Int8Array;
  /** Frees the memory. Idempotent; any use afterwards throws DISPOSED. */
  dispose(): void;
}

export interface Backend extends AsyncDisposable {
  readonly name: string;
  readonly device: string;
  readonly supports: Supports;
  /**
   * Copies `data` into a new tensor. Float32Array and number[] are float32, or rounded to nearest even where `dtype`
   * is given; Float16Array is float16; Uint16Array holds raw bits and needs a dtype.
   * @throws RMSNormError SHAPE, DTYPE, DISPOSED, OUT_OF_MEMORY
   */
  tensor(data: HostData | readonly number[], shape: readonly number[], dtype?: FloatDType): Tensor;
  /** A new tensor of unspecified contents, float32 unless `dtype` is given. */
  empty(shape: readonly number[], dtype?: DType): Tensor;
  /** A tensor over memory of the caller's, who keeps owning it: `dispose` does not free it. */
  wrap(handle: unknown, shape: readonly number[], dtype?: DType): Tensor;
  /** Live tensors, uploads of gamma and beta included, and the bytes that were allocated for them. */
  memory(): { tensors: number; bytes: number };
  /** Submits what is enqueued; nothing where work runs at once. */
  flush(): void;
  /**
   * Compiles what calls of `norm` on these shapes need, with rstd and in place and without, so that the first one does
   * not wait. Nothing where nothing is compiled.
   * @param wanted dtype and operations; float32 and forward unless given
   * @throws RMSNormError SHAPE, DTYPE, UNSUPPORTED, INVALID_OPTION as the calls would, DISPOSED
   */
  prepare(norm: RMSNorm, shapes: readonly (readonly number[])[], wanted?: FloatDType | PrepareOptions): Promise<void>;
  dispose(): Promise<void>;
}

export interface PrepareOptions {
  /** Of x; float32 unless given. */
  readonly dtype?: FloatDType | undefined;
  /** `['forward']` unless given. */
  readonly ops?: readonly Op[] | undefined;
}

export type ProbeResult =
  | { readonly ok: true; readonly device: string }
  | { readonly ok: false; readonly code: string; readonly reason: string; readonly hint?: string };

/** What a backend package exports: says whether it can run here, and starts it. */
export interface BackendProvider {
  readonly name: string;
  readonly apiVersion: 1;
  /** Never throws, leaves nothing behind. */
  probe(): Promise<ProbeResult>;
  create(options?: { signal?: AbortSignalLike }): Promise<Backend>;
}
