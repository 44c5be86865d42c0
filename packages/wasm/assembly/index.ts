// The exports of the module; src/kernels.ts says what a caller must know. The way of a call:
//
//     complete    checks a descriptor, and adds what follows from its problem
//     run         divides scratch memory, prepares the weights, and starts the operation, one file each in operations/
//
// Operations normalize contiguous rows by rows/ (float32) or half/ (16 bits), and rows that lie beside each other by columns/.
//
// Words that mean one thing here:
//
//     row      the elements [size] of one (outer, group, inner), which have one statistic
//     slab     [size, inner]: the rows of one (outer, group)
//     strip    neighbouring columns of a slab, done together
//     batch    contiguous rows, done together: summed, then scaled
//     tile     contiguous rows that an operation works on several times, in float32
//     piece    up to 16384 elements of a row, with their weights
//     run      up to 4096 elements that lie one behind another, on their way through scratch memory

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

/** Which fields a descriptor has, as a number: compared with that of src/generated/descriptor/. */
// @ts-ignore: defined by scripts/build-wasm.mjs
export const layout: i32 = LAYOUT;

checkSize();

/** Adds what follows from a problem, and returns how many bytes of scratch memory it needs. An unknown code ends in a trap. */
export function complete(descriptor: Call): usize {
  setCall(descriptor);
  switch (call.dtype) {
    case DType.float32:
      call.shift = 2;
      break;
    case DType.float16:
    case DType.bfloat16:
      call.shift = 1;
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

/** Does a call. `scratch` is memory that nobody else uses meanwhile, of as many bytes as `complete` said. */
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
