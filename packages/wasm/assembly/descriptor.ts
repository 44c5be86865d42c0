// A call as the host describes it: the one place that says which fields there are. scripts/descriptor-layout.mjs reads this file when
// the package is built, and writes the same places and codes for TypeScript into src/generated/descriptor/.

// Codes begin at 1: a field that the host left empty is none of them.

export const enum Op {
  forward = 1,
  addForward,
  gatedForward,
  backward,
  sumSquares,
  scaleBy,
  forwardQuantized,
}

export const enum DType {
  float32 = 1,
  float16,
  bfloat16,
}

export const enum EpsMode {
  add = 1,
  clamp,
}

export const enum Casting {
  gemma = 1,
  llama,
}

/** Bytes of a descriptor: of the fields below, and of those that call.ts adds. Whole cache lines, so that threads share none. */
export const DESCRIPTOR_BYTES: u32 = 320;

/** Fields are numbers of 64 bits, then of 32: so nothing lies between them. */
@unmanaged
export class Descriptor {
  // The problem: see Problem of @rmsnorm/core for what these mean.
  eps: f64;
  alpha: f64;
  weightOffset: f64;
  /** scaleBy: how many squares each of `sums` is the sum of. */
  count: f64;
  /** forwardQuantized: the scale of all, or 0 where each (outer, inner) gets its own. */
  scale: f64;
  op: u32;
  dtype: u32;
  epsMode: u32;
  casting: u32;
  outer: u32;
  groups: u32;
  size: u32;
  inner: u32;
  statSize: u32;
  /** gatedForward. */
  normBeforeGate: u32;
  /** Which columns of each [size, inner] are done: from the first up to the end, which is not. All, unless the call was cut there. */
  firstColumn: u32;
  endColumn: u32;
  /** 1: contiguous float32 rows are scaled while those behind them are summed. 0: summed and scaled in turn, to the same bits. */
  interleaved: u32;

  // Addresses of what the operation reads and writes, by the names that core gives them. 0 where there is none.
  x: usize;
  residual: usize;
  gate: usize;
  gamma: usize;
  beta: usize;
  dy: usize;
  dsum: usize;
  sum: usize;
  y: usize;
  rstd: usize;
  sums: usize;
  q: usize;
  scales: usize;
  dx: usize;
  dgamma: usize;
  dbeta: usize;
}
