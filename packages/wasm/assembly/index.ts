// The exports of the module. src/kernels.ts says what a caller must know about them.
//
// A call goes from here to one file of operations/. That file normalizes contiguous rows (inner = 1) with the kernels of rows/ for
// float32 and of half/ for float16 and bfloat16, and all others (inner > 1) with those of columns/.
//
// ARCHITECTURE.md has a table of the words of this folder: row, slab, strip, batch, tile, piece and run. Strips, batches and tiles are
// passed over more than once, and no larger than a cache holds.

import { Call, call, checkSize, isFloat32, setCall } from './call';
import { Casting, DType, Op } from './descriptor';
import { addForward } from './operations/add-forward';
import { backward } from './operations/backward/backward';
import { forward } from './operations/forward';
import { forwardQuantized } from './operations/forward-quantized';
import { gatedForward } from './operations/gated-forward';
import { sumSquares } from './operations/sum-squares';
import { divideScratch } from './scratch';
import { completeStatistic } from './statistic';
import { prepareWeights } from './weights';

/** A checksum of the descriptor's fields. The host compares it with the one in src/generated/descriptor/. */
// @ts-ignore: defined by scripts/build-wasm.mjs
export const layoutHash: i32 = LAYOUT;

checkSize();

/**
 * Computes what follows from a descriptor's problem. Returns the bytes of scratch memory that its calls need. Traps at an unknown code.
 */
export function complete(descriptor: Call): usize {
  setCall(descriptor);
  switch (call.dtype) {
    case DType.float32:
      call.elementShift = 2;
      break;
    case DType.float16:
    case DType.bfloat16:
      call.elementShift = 1;
      break;
    default:
      unreachable();
  }
  switch (call.casting) {
    case Casting.gemma:
      call.roundsProducts = 0;
      break;
    case Casting.llama:
      call.roundsProducts = u32(!isFloat32());
      break;
    default:
      unreachable();
  }
  completeStatistic();
  return divideScratch(0);
}

/** Runs the operation. `scratch` is memory for this call alone, as large as `complete` said, and begins at a cache line. */
export function run(descriptor: Call, scratch: usize): void {
  setCall(descriptor);
  divideScratch(scratch);
  prepareWeights();
  switch (call.op) {
    case Op.forward:
    case Op.scaleBy:
      forward();
      break;
    case Op.addForward:
      addForward();
      break;
    case Op.gatedForward:
      gatedForward();
      break;
    case Op.backward:
      backward();
      break;
    case Op.sumSquares:
      sumSquares();
      break;
    case Op.forwardQuantized:
      forwardQuantized();
      break;
    default:
      unreachable();
  }
}
