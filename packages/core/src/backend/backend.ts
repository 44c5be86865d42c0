import type { Op } from '../driver/io.ts';
import type { Supports } from '../driver/supports.ts';
import type { ResolvedOptions } from '../options/options.ts';
import type { AbortSignalLike } from '../values/abort.ts';
import type { DType, FloatDType } from '../values/dtype.ts';
import type { HostData } from '../values/host-data.ts';

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
  prepare(
    norm: PreparableNorm,
    shapes: readonly (readonly number[])[],
    wanted?: FloatDType | PrepareOptions,
  ): Promise<void>;
  dispose(): Promise<void>;
}

/** What `prepare` needs of a norm: an RMSNorm has it. */
export interface PreparableNorm {
  readonly options: ResolvedOptions;
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
