// Scratch memory: who has which part of it.

import { call, isFloat32 } from './call';
import { stripBytes } from './columns/strip';
import { Op } from './descriptor';
import { RUN } from './elements/runs';
import { SPILL_BYTES } from './elements/spill';
import { rowBytes } from './half/rows';
import { columnBytes } from './operations/backward/columns';
import { ROWS_BYTES } from './operations/backward/rows';
import { FACTORS_BYTES } from './rows/factors';
import { tileElements } from './rows/tiles';
import { weightBytes } from './weights';

// At the beginning, for whoever needs it, what spill.ts uses, a run as float32, and weights.

// @ts-ignore: decorator
@inline
export function runOf(): usize {
  return call.scratch + SPILL_BYTES;
}

// @ts-ignore: decorator
@inline
export function weightsIn(): usize {
  return call.scratch + (SPILL_BYTES + RUN * 4);
}

/** Up to a multiple of a cache line. */
function aligned(bytes: usize): usize {
  return (bytes + 63) & ~63;
}

/** Divides what begins at `scratch`, which is aligned to a cache line, and returns where it ends. */
export function divideScratch(scratch: usize): usize {
  const op = call.op;
  const features = call.groups * call.size;
  const wide = call.inner > 1;
  call.scratch = scratch;
  let at = aligned(weightsIn() + weightBytes());
  // Then what the operation needs itself.
  if (op === Op.backward) {
    call.gradientSums = at;
    call.tile = aligned(at + (<usize>features << 4));
    return call.tile + (wide ? columnBytes() : ROWS_BYTES);
  }
  call.tile = at;
  if (!wide && op !== Op.forward && op !== Op.scaleBy) at += aligned(tileElements(op === Op.forwardQuantized ? features : call.size) << 2);
  // Then what normalizes.
  call.kernel = at;
  return at + (wide ? stripBytes() : isFloat32() ? FACTORS_BYTES : rowBytes());
}
