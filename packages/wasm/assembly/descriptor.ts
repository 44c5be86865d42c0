// What the host writes for each call. This file alone says which fields there are and where they lie: the build reads it
// (scripts/descriptor-layout.mjs) and generates the same places and codes for TypeScript in src/generated/descriptor/.

// Codes begin at 1, so that a field that the host left empty is not taken for one of them.

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

/**
 * Bytes of a descriptor: the fields below and those of call.ts. They fill whole cache lines, so that two threads never write to one line.
 */
export const DESCRIPTOR_BYTES: u32 = 320;

/** 64-bit fields come first, so that no field needs padding before it. */
@unmanaged
export class Descriptor {
  // The problem, as in Problem of @rmsnorm/core.
  eps: f64;
  alpha: f64;
  weightOffset: f64;
  /** scaleBy: the number of squares in each of `sums`. */
  count: f64;
  /** forwardQuantized: the one scale that was given, or 0 to compute a scale for each (outer, inner). */
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
  /** gatedForward: 0 or 1. */
  normBeforeGate: u32;
  /** The columns of each slab to work on: from `firstColumn` up to, not including, `endColumn`. All, unless threads share a slab. */
  firstColumn: u32;
  endColumn: u32;
  /** How contiguous float32 rows are done. 1: a batch is scaled while the next is summed. 0: each is summed, then scaled. Same bits. */
  interleaved: u32;

  // Addresses of the operands, named as in core's OPERATIONS. 0: the operation has no such operand, or none was given.
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
