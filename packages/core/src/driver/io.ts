export type Op = 'forward' | 'addForward' | 'gatedForward' | 'backward' | 'sumSquares' | 'scaleBy' | 'forwardQuantized';

/*
 * The buffers of each operation; null where there is none. The table OPERATIONS says of each its shape and dtype, and
 * whose memory an output may be.
 */

export interface ForwardIO<B> {
  readonly x: B;
  readonly gamma: B | null;
  readonly beta: B | null;
  /** May be the same B as `x`. */
  readonly y: B;
  /** Receives r / alpha. */
  readonly rstd: B | null;
}

export interface AddForwardIO<B> extends ForwardIO<B> {
  readonly residual: B;
  /** May be the same B as `residual` or `x`, and so may `y`, but never both the same. */
  readonly sum: B;
}

export interface GatedForwardIO<B> extends ForwardIO<B> {
  /** `y` may be the same B. */
  readonly gate: B;
}

export interface BackwardIO<B> {
  readonly x: B;
  readonly gamma: B | null;
  readonly dy: B;
  /** r / alpha as forward gave it; null: compute it again. */
  readonly rstd: B | null;
  /** Added to `dx`. */
  readonly dsum: B | null;
  /** May be the same B as `dy` or `x`. */
  readonly dx: B;
  readonly dgamma: B | null;
  readonly dbeta: B | null;
}

export interface SumSquaresIO<B> {
  readonly x: B;
  readonly sums: B;
}

export interface ScaleByIO<B> {
  readonly x: B;
  readonly sums: B;
  readonly gamma: B | null;
  readonly beta: B | null;
  /** May be the same B as `x`. */
  readonly y: B;
}

export interface ForwardQuantizedIO<B> {
  readonly x: B;
  readonly gamma: B | null;
  readonly beta: B | null;
  readonly q: B;
  readonly scales: B;
}

/** The buffers of each operation. */
export interface OperationIO<B> {
  readonly forward: ForwardIO<B>;
  readonly addForward: AddForwardIO<B>;
  readonly gatedForward: GatedForwardIO<B>;
  readonly backward: BackwardIO<B>;
  readonly sumSquares: SumSquaresIO<B>;
  readonly scaleBy: ScaleByIO<B>;
  readonly forwardQuantized: ForwardQuantizedIO<B>;
}

/** Arrays of `apply`, on the host: raw bytes of the problem's dtype. */
export interface HostForwardIO {
  readonly x: Uint8Array;
  readonly y: Uint8Array;
  readonly gamma: Float32Array | null;
  readonly beta: Float32Array | null;
}
