// The call that runs: the one variable of the module, a pointer to a struct in memory. Nothing else is set before something, and threads do
// not meet, as each has an instance of the module and a struct of its own.

import { Descriptor, DESCRIPTOR_BYTES, DType } from './descriptor';

/** What the host wrote, and behind it what the kernels add. Each group of fields is written by one file. */
@unmanaged
export class Call extends Descriptor {
  // statistic.ts, once for a problem: see there.
  numerator: f64;
  sumFactor: f64;
  epsUnderRoot: f64;
  leastNorm: f64;
  leastSum: f64;
  clampedNorm: f64;

  // half/packed-weights.ts: which weights are packed, and the largest magnitude among them.
  largestWeight: f64;
  packedGroup: u32;

  // weights.ts: whether `weights` holds those of all groups.
  weightsMade: u32;

  // index.ts, once for a problem.
  /** log2 of the bytes of an element of x. */
  shift: usize;
  /** Whether x * r is rounded to the dtype before it is multiplied by gamma: 'llama', but for float32, where that changes nothing. */
  roundsProducts: u32;

  // operations/stages.ts: see there.
  stage: u32;
  source: usize;
  target: usize;

  // scratch.ts: addresses of memory for the time of a call.
  scratch: usize;
  gradientSums: usize;
  tile: usize;
  kernel: usize;
}

/** Of what a descriptor has: an error of compilation where that is too little. */
export function checkSize(): void {
  if (offsetof<Call>() > DESCRIPTOR_BYTES) ERROR('DESCRIPTOR_BYTES is less than a Call has');
}

// @ts-ignore: decorator
@inline
export function isFloat32(): bool {
  return call.dtype === DType.float32;
}

export let call: Call = changetype<Call>(0);

/** By the exports of index.ts. */
export function setCall(descriptor: Call): void {
  call = descriptor;
}
