// The call that runs. It is the only variable of the module: a pointer to a struct in memory, in which everything else is a field.
// Threads do not meet, as each has its own instance of the module and runs a struct of its own.

import { Descriptor, DESCRIPTOR_BYTES, DType } from './descriptor';

/** The host's fields, followed by those of the kernels. Each group of fields is written by the file that is named above it. */
@unmanaged
export class Call extends Descriptor {
  // statistic.ts, in `complete`: coefficients.
  numerator: f64;
  sumFactor: f64;
  epsUnderRoot: f64;
  leastNorm: f64;
  /** Sums of squares below this may have lost terms to underflow: such rows are done in float64. */
  leastSum: f64;
  /** eps under 'clamp': where the norm is no larger, r does not depend on x. Else -1. */
  clampedNorm: f64;

  // half/packed-weights.ts: the group whose weights are packed, and the largest magnitude among these weights.
  largestWeight: f64;
  packedGroup: u32;

  // weights.ts: 1 where the weights of all groups have been made.
  weightsMade: u32;

  // index.ts, in `complete`.
  /** log2 of the bytes of an element of x. */
  elementShift: usize;
  /**
   * 1 where x * r is rounded to x's dtype before gamma multiplies it: casting 'llama', except for float32, where that changes nothing.
   */
  roundsProducts: u32;

  // operations/stages.ts.
  stage: u32;
  source: usize;
  target: usize;

  // scratch.ts: addresses in scratch memory.
  scratch: usize;
  gradientSums: usize;
  operationMemory: usize;
  kernelMemory: usize;
}

export let call: Call = changetype<Call>(0);

/** Called by the exports of index.ts, and by nobody else. */
export function setCall(descriptor: Call): void {
  call = descriptor;
}

/** Fails to compile where a descriptor has too few bytes for a Call. */
export function checkSize(): void {
  if (offsetof<Call>() > DESCRIPTOR_BYTES) ERROR('a Call has more bytes than DESCRIPTOR_BYTES');
}

// @ts-ignore: decorator
@inline
export function isFloat32(): bool {
  return call.dtype === DType.float32;
}
