// How the scratch memory of a call is divided:
//
//     spill.ts | one run | weights that are made | the operation's own | the kernel's own

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

/** Room for one run as float32. */
// @ts-ignore: decorator
@inline
export function runMemory(): usize {
  return call.scratch + SPILL_BYTES;
}

/** Room for the weights of weights.ts. */
// @ts-ignore: decorator
@inline
export function weightMemory(): usize {
  return call.scratch + (SPILL_BYTES + RUN * 4);
}

/** Rounded up to whole cache lines. */
function aligned(bytes: usize): usize {
  return (bytes + 63) & ~63;
}

/** Divides the memory from `scratch` on. Returns where it ends. */
export function divideScratch(scratch: usize): usize {
  const op = call.op;
  const features = call.groups * call.size;
  const wide = call.inner > 1;
  call.scratch = scratch;
  let at = aligned(weightMemory() + weightBytes());
  if (op === Op.backward) {
    call.gradientSums = at;
    call.operationMemory = aligned(at + (<usize>features << 4));
    return call.operationMemory + (wide ? columnBytes() : ROWS_BYTES);
  }
  call.operationMemory = at;
  const hasTile = !wide && op !== Op.forward && op !== Op.scaleBy;
  if (hasTile) at += aligned(tileElements(op === Op.forwardQuantized ? features : call.size) << 2);
  call.kernelMemory = at;
  return at + (wide ? stripBytes() : isFloat32() ? FACTORS_BYTES : rowBytes());
}
