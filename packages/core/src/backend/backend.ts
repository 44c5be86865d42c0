import type { Op } from '../driver/io.ts';
import type { Supports } from '../driver/supports.ts';
import type { ResolvedOptions } from '../options/options.ts';
import type { SignalOptions } from '../values/abort.ts';
import type { AsyncDisposableLike, DisposableLike } from '../values/disposable.ts';
import type { DType, FloatDType } from '../values/dtype.ts';
import type { DataOf, Float16ArrayLike, HostDataOf, ViewOf } from '../values/host-data.ts';

/**
 * A tensor in a backend's memory. `dispose` frees that, `using` does, and so does {@link Backend.tidy}. What nobody
 * disposes of is freed some time after the last reference to the tensor is gone, or never: do not rely on it.
 */
export interface Tensor<D extends DType = DType> extends DisposableLike {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly backend: Backend;
  /**
   * The native handle of the memory: what it is, the backend's documentation says. From then on only `dispose` frees
   * the memory, as others may hold it.
   */
  readonly buffer: unknown;
  /** A copy on the host, after all work that was enqueued before: errors of the device surface here. */
  data(options?: SignalOptions): Promise<DataOf<D>>;
  /**
   * The memory itself where the host can address it (WASM): invalid after any later allocation, and as soon as the
   * tensor is disposed of. From then on only `dispose` frees the memory, as others may hold the array.
   */
  view?(): ViewOf<D>;
  /** Frees the memory. Idempotent; any use afterwards throws DISPOSED. */
  dispose(): void;
}

/**
 * The tensors of one backend by their dtypes. A backend whose tensors have more than all have names its own:
 *
 *     interface GpuTensor<D extends DType = DType> extends Tensor<D> { readonly buffer: GPUBuffer }
 *     type GpuBackend = Backend<{ readonly [D in DType]: GpuTensor<D> }>;
 */
export type TensorTypes = { readonly [D in DType]: Tensor<D> };

/** A tensor of another dtype on the backend of X: what else X has, a buffer of its own type and a view, it has too. */
export type WithDType<X extends Tensor, D extends DType> = Tensor<D> &
  Pick<X, 'backend' | 'buffer'> &
  (X extends { view(): unknown } ? { view(): ViewOf<D> } : unknown);

export interface Backend<out T extends TensorTypes = TensorTypes> extends AsyncDisposableLike {
  readonly name: string;
  readonly device: string;
  readonly supports: Supports;
  /**
   * Copies `data` into a new tensor. Float32Array and number[] are float32, or rounded to nearest even where `dtype`
   * is given; Float16Array is float16; Uint16Array holds raw bits and needs a dtype.
   * @throws RMSNormError SHAPE, DTYPE, DISPOSED, OUT_OF_MEMORY
   */
  tensor<D extends FloatDType = 'float32'>(
    data: Float32Array | readonly number[],
    shape: readonly number[],
    dtype?: D,
  ): T[D];
  tensor(data: Float16ArrayLike, shape: readonly number[], dtype?: 'float16'): T['float16'];
  tensor<D extends FloatDType>(data: HostDataOf<D>, shape: readonly number[], dtype: D): T[D];
  /** A new tensor of unspecified contents, float32 unless `dtype` is given. */
  empty<D extends DType = 'float32'>(shape: readonly number[], dtype?: D): T[D];
  /** A tensor over memory of the caller's, who keeps owning it: `dispose` does not free it. */
  wrap<D extends DType = 'float32'>(handle: unknown, shape: readonly number[], dtype?: D): T[D];
  /**
   * Calls `fn`, then disposes of the tensors that were made in it on this backend, but for those that it returns: a
   * tensor, or objects, arrays, Maps and Sets with tensors in them. It does not look into closures, getters, private
   * fields, or promises within the result. Where `fn` throws, it disposes of all, also of a tensor that is thrown. What a
   * norm uploads is the norm's, and stays.
   *
   *     const y = backend.tidy(() => norm.forward(other.forward(x)));     // the tensor between is gone
   *
   * Where `fn` is async, nothing tells which code makes a tensor. So what is made from its first `await` on until its
   * promise settles is its own, by whatever code, and so is what other tidies return that began in that time. What several
   * async tidies saw made lives until the last of them settles. Those that begin in one go, as in `Promise.all`, are apart:
   * each keeps what it returns. Work that is independent, such as requests of a server, should return values from an async
   * tidy, not tensors. A promise that may hang needs a time limit: what is made meanwhile waits for it.
   * @returns what `fn` returns
   * @throws RMSNormError INVALID_OPTION where `fn` is no function, DISPOSED where the backend is gone, or `fn` returns
   *   memory, by `view()`, `buffer` or `wrap`, of a tensor that it does not return; and what `fn` throws
   */
  tidy<R>(fn: () => R): R;
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
export interface BackendProvider<B extends Backend = Backend> {
  readonly name: string;
  readonly apiVersion: 1;
  /** Never throws, leaves nothing behind. */
  probe(): Promise<ProbeResult>;
  create(options?: SignalOptions): Promise<B>;
}
