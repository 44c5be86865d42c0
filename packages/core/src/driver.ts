import type { AbortSignalLike } from './abort.ts';
import type { DType, FloatDType } from './dtype.ts';
import type { Problem } from './problem.ts';

export type Op = 'forward' | 'addForward' | 'gatedForward' | 'backward' | 'sumSquares' | 'scaleBy' | 'forwardQuantized';

/** What a driver may leave out; a call that needs a feature that is not named throws UNSUPPORTED. */
export type Feature = 'inner' | 'groups' | 'partial' | 'clamp' | 'beta' | 'weightOffset' | 'llama' | 'rstd';

/** What a driver may decline to promise; a promise that is not named is not checked, and the report says so. */
export type Guarantee = 'extremes' | 'nonFinite' | 'subnormals' | 'invariance';

/** The class of accuracy (contract, section 2) that a driver declares; the bounds belong to the class. */
export type Accuracy = 'ieee' | 'webgpu' | 'loose';

export interface Supports {
  readonly ops: readonly Op[];
  readonly dtypes: readonly FloatDType[];
  readonly accuracy: Accuracy;
  readonly features: readonly Feature[];
  readonly promises: readonly Guarantee[];
  /** Where one operation can less than the rest. */
  readonly limits?: Readonly<
    Partial<Record<Op, { readonly features?: readonly Feature[]; readonly dtypes?: readonly FloatDType[] }>>
  >;
}

/** Buffers of a forward: null where there is none. `y` may be the same B as `x`. */
export interface ForwardIO<B> {
  readonly x: B;
  readonly gamma: B | null;
  readonly beta: B | null;
  readonly y: B;
  /** float32, [outer, groups, inner]: receives r / alpha. */
  readonly rstd: B | null;
}

/** `sum` may be the same B as `residual` or `x`, and so may `y`, but not both the same. */
export interface AddForwardIO<B> extends ForwardIO<B> {
  readonly residual: B;
  readonly sum: B;
}

/** `y` may be the same B as `gate` or `x`. */
export interface GatedForwardIO<B> extends ForwardIO<B> {
  readonly gate: B;
}

/** `dx` may be the same B as `dy` or `x`. `rstd` null: recompute; `dsum` null: nothing to add. */
export interface BackwardIO<B> {
  readonly x: B;
  readonly gamma: B | null;
  readonly dy: B;
  readonly rstd: B | null;
  readonly dsum: B | null;
  readonly dx: B;
  readonly dgamma: B | null;
  readonly dbeta: B | null;
}

export interface SumSquaresIO<B> {
  readonly x: B;
  /** float32, [outer, groups, inner]. */
  readonly sums: B;
}

export interface ScaleByIO<B> {
  readonly x: B;
  readonly sums: B;
  readonly gamma: B | null;
  readonly beta: B | null;
  readonly y: B;
}

export interface ForwardQuantizedIO<B> {
  readonly x: B;
  readonly gamma: B | null;
  readonly beta: B | null;
  /** int8, laid out as x. */
  readonly q: B;
  /** float32, [outer, inner]. */
  readonly scales: B;
}

/** Arrays of `apply`, on the host: raw bytes of the problem's dtype. */
export interface HostForwardIO {
  readonly x: Uint8Array;
  readonly y: Uint8Array;
  readonly gamma: Float32Array | null;
  readonly beta: Float32Array | null;
}

/** What the calls that are prepared for have in common. */
export interface PreparedUses {
  readonly ops: readonly Op[];
  /** Whether the norm has a gamma, and a beta. */
  readonly gamma: boolean;
  readonly beta: boolean;
  readonly normBeforeGate: boolean;
}

/**
 * What a new backend writes: memory and kernels, nothing else. `createBackend` in front of it validates, lays out and
 * accounts, so that a driver never sees a shape, an option by name or an unchecked value, and its kernels never run on
 * an empty problem.
 *
 * `B` is the driver's own handle of a buffer. All calls take effect in call order. The only aliasing that a kernel
 * sees is the same B twice, where the operation's buffers say so.
 */
export interface Driver<B> {
  readonly name: string;
  /** The device in words, for people. */
  readonly device: string;
  readonly supports: Supports;

  /** `bytes` is a positive multiple of 4; contents are unspecified. Throws OUT_OF_MEMORY. */
  alloc(bytes: number): B;
  /** May come while enqueued work uses `b`: keep it until that work has run. */
  free(b: B): void;
  /** Copies `bytes` to the start of `b` before it returns. */
  write(b: B, bytes: Uint8Array): void;
  /** Fills `into` from the start of `b`, after all enqueued work. */
  read(b: B, into: Uint8Array, signal?: AbortSignalLike): Promise<void>;
  /** The memory of `b` itself where the host can address it: at least the bytes that were asked for. */
  view?(b: B): Uint8Array;

  forward(p: Problem, io: ForwardIO<B>): void;
  addForward?(p: Problem, io: AddForwardIO<B>): void;
  gatedForward?(p: Problem & { readonly normBeforeGate: boolean }, io: GatedForwardIO<B>): void;
  backward?(p: Problem, io: BackwardIO<B>): void;
  sumSquares?(p: Problem, io: SumSquaresIO<B>): void;
  scaleBy?(p: Problem & { readonly count: number }, io: ScaleByIO<B>): void;
  forwardQuantized?(p: Problem & { readonly scale: number | null }, io: ForwardQuantizedIO<B>): void;

  /**
   * For `wrap`: checks kind, device, size and alignment of a caller's handle. `free` then leaves the memory to the
   * caller.
   */
  adopt?(handle: unknown, bytes: number, dtype: DType): B;
  /** `tensor.buffer`, where B itself is not it; submits first what is enqueued. */
  handle?(b: B): unknown;
  /** `apply`, where there is a faster way than write, forward, read. */
  hostForward?(p: Problem, io: HostForwardIO): Promise<void>;
  flush?(): void;
  /** Problems are not empty, and supported in each of the operations. */
  prepare?(problems: readonly Problem[], uses: PreparedUses): Promise<void>;
  dispose(): void | Promise<void>;
}
