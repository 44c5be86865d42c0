/*
 * The folder `driver/`: what an author of a backend writes against. Driver is the interface, OPERATIONS (operations.ts)
 * the table of its operations, Problem what a kernel is told, Supports what a driver declares. It imports from values/
 * alone.
 */

import type { AbortSignalLike } from '../values/abort.ts';
import type { DType } from '../values/dtype.ts';
import type {
  AddForwardIO,
  BackwardIO,
  ForwardIO,
  ForwardQuantizedIO,
  GatedForwardIO,
  HostForwardIO,
  Op,
  ScaleByIO,
  SumSquaresIO,
} from './io.ts';
import type { GatedProblem, Problem, QuantizedProblem, ScaleByProblem } from './problem.ts';
import type { Supports } from './supports.ts';

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
 * sees is the same B twice, where the table OPERATIONS allows it.
 */
export interface Driver<B> {
  readonly name: string;
  /** The device in words, for people. */
  readonly device: string;
  readonly supports: Supports;

  /** `bytes` is a positive multiple of 4; contents are unspecified. Throws OUT_OF_MEMORY. */
  alloc(bytes: number): B;
  /** May come while enqueued work uses `buffer`: keep it until that work has run. */
  free(buffer: B): void;
  /** Copies `bytes` to the start of `buffer` before it returns. */
  write(buffer: B, bytes: Uint8Array): void;
  /** Fills `into` from the start of `buffer`, after all enqueued work. */
  read(buffer: B, into: Uint8Array, signal?: AbortSignalLike): Promise<void>;
  /** The memory of `buffer` itself where the host can address it: at least the bytes that were asked for. */
  view?(buffer: B): Uint8Array;

  forward(problem: Problem, io: ForwardIO<B>): void;
  addForward?(problem: Problem, io: AddForwardIO<B>): void;
  gatedForward?(problem: GatedProblem, io: GatedForwardIO<B>): void;
  backward?(problem: Problem, io: BackwardIO<B>): void;
  sumSquares?(problem: Problem, io: SumSquaresIO<B>): void;
  scaleBy?(problem: ScaleByProblem, io: ScaleByIO<B>): void;
  forwardQuantized?(problem: QuantizedProblem, io: ForwardQuantizedIO<B>): void;

  /**
   * For `wrap`: checks kind, device, size and alignment of a caller's handle. `free` then leaves the memory to the
   * caller.
   */
  adopt?(handle: unknown, bytes: number, dtype: DType): B;
  /** `tensor.buffer`, where B itself is not it; submits first what is enqueued. */
  handle?(buffer: B): unknown;
  /** `apply`, where there is a faster way than write, forward, read. */
  hostForward?(problem: Problem, io: HostForwardIO): Promise<void>;
  flush?(): void;
  /** Problems are not empty, and supported in each of the operations. */
  prepare?(problems: readonly Problem[], uses: PreparedUses): Promise<void>;
  dispose(): void | Promise<void>;
}
