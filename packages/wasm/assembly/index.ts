// The exports of the module; src/kernels.ts says what a caller must know.

import { addForward as add } from './operations/add-forward';
import { backwardColumns, columnBytes } from './operations/backward/columns';
import { backwardRows, blockBytes } from './operations/backward/rows';
import { CELL_BYTES } from './elements/cells';
import { FLOAT32 } from './elements/dtype';
import { Casting, Descriptor, DType, EpsMode, Op } from './descriptor';
import { FACTORS_BYTES } from './rows/factors';
import { normalize } from './operations/forward';
import { gatedForward as gated } from './operations/gated-forward';
import { setGradients, storeSums } from './operations/backward/gradient';
import { groups, inner, outer, setColumns, setPart, setProblem, size, useSums } from './problem';
import { forwardQuantized as quantized } from './operations/forward-quantized';
import { setApart } from './rows/rows';
import { rowBytes } from './half/rows';
import { dtype, setDtype } from './elements/runs';
import { PLAIN, RUN, setStage } from './operations/stages';
import { stripBytes } from './columns/strips';
import { sumSquares as sumsOf } from './operations/sum-squares';
import { tileElements } from './rows/tiles';
import { prepareWeights, weightBytes } from './weights';

let clampedBelow: f64 = -1;
/** Memory of the operation, in front of that of forward's kernels. */
let own: usize = 0;

function aligned(bytes: u32): u32 {
  return (bytes + 63) & ~63;
}

function ownBytes(op: i32, groups: u32, size: u32, inner: u32): u32 {
  if (op === Op.backward) return aligned(groups * size * 16) + aligned(inner > 1 ? columnBytes(size, inner) : blockBytes());
  if (op === Op.forward || op === Op.scaleBy || inner > 1) return 0;
  return RUN * 8 + (op === Op.addForward ? 0 : aligned(tileElements(op === Op.forwardQuantized ? groups * size : size) * 4));
}

/** Which fields a descriptor has, as a number: compared with that of src/generated/descriptor/. */
// @ts-ignore: defined by scripts/build-wasm.mjs
export const layout: i32 = LAYOUT;

/**
 * Checks a descriptor whose problem has been written, and returns how many bytes of scratch memory its calls need.
 * A code that is none of the enums' ends in a trap.
 */
export function complete(call: Descriptor): u32 {
  switch (call.dtype) {
    case DType.float32:
    case DType.float16:
    case DType.bfloat16:
      break;
    default:
      unreachable();
  }
  const op = call.op;
  const groups = call.groups;
  const size = call.size;
  const inner = call.inner;
  const dtype = dtypeOf(call);
  const quantized = op === Op.forwardQuantized;
  const features = quantized ? groups * size : size;
  let kernel = FACTORS_BYTES;
  if (inner > 1) kernel = stripBytes(dtype, quantized || (op === Op.gatedForward && dtype !== FLOAT32), features, size, inner);
  else if (dtype !== FLOAT32) kernel = rowBytes(groups, size, call.weightOffset);
  return ownBytes(op, groups, size, inner) + CELL_BYTES + weightBytes(groups * size, size, call.weightOffset) + kernel;
}

function dtypeOf(call: Descriptor): i32 {
  return call.dtype - 1;
}

function isClamp(call: Descriptor): bool {
  switch (call.epsMode) {
    case EpsMode.add:
      return false;
    case EpsMode.clamp:
      return true;
    default:
      unreachable();
  }
  return false;
}

/** Whether x * r is rounded to the dtype: under 'llama', but of float32, where that changes nothing. */
function isRoundedTwice(call: Descriptor): bool {
  switch (call.casting) {
    case Casting.gemma:
      return false;
    case Casting.llama:
      return call.dtype !== DType.float32;
    default:
      unreachable();
  }
  return false;
}

/** Does a call. `scratch` is memory that nobody else uses meanwhile, of as many bytes as `complete` said. */
export function run(call: Descriptor, scratch: usize): void {
  const clamp = isClamp(call);
  const x = call.x;
  own = scratch;
  clampedBelow = clamp ? call.eps : -1;
  setDtype(dtypeOf(call));
  setApart(!call.interleaved);
  setProblem(
    call.gamma,
    call.beta,
    scratch + ownBytes(call.op, call.groups, call.size, call.inner),
    call.outer,
    call.groups,
    call.size,
    call.inner,
    call.statSize,
    call.eps,
    clamp,
    call.alpha,
    call.weightOffset,
    isRoundedTwice(call),
  );
  setColumns(call.firstColumn, call.endColumn);
  prepareWeights();
  switch (call.op) {
    case Op.forward:
      forward(x, call.y, call.rstd);
      break;
    case Op.addForward:
      add(x, call.residual, call.sum, call.y, call.rstd, scratch);
      break;
    case Op.gatedForward:
      gated(x, call.gate, call.y, call.rstd, call.normBeforeGate !== 0, scratch);
      break;
    case Op.backward:
      backward(call);
      break;
    case Op.sumSquares:
      setStage(PLAIN, x, 0, x, 0);
      sumsOf(x, call.sums, scratch);
      break;
    case Op.scaleBy:
      useSums(call.sums, call.count, clamp);
      forward(x, call.y, 0);
      break;
    case Op.forwardQuantized:
      quantized(x, call.q, call.scales, <f32>call.scale, scratch);
      break;
    default:
      unreachable();
  }
}

function forward(x: usize, y: usize, rstd: usize): void {
  setPart(x, y, rstd, outer * groups, 0);
  setStage(PLAIN, x, 0, x, y);
  normalize(dtype);
}

function backward(call: Descriptor): void {
  const sums = own;
  setGradients(call.x, call.dy, call.dsum, call.dx, call.rstd, sums, call.dbeta !== 0, clampedBelow);
  memory.fill(sums, 0, (<usize>(groups * size)) << 4);
  const memoryOfRows = own + aligned(groups * size * 16);
  if (inner > 1) backwardColumns(memoryOfRows);
  else backwardRows(memoryOfRows);
  if (call.dgamma) storeSums(sums, call.dgamma);
  if (call.dbeta) storeSums(sums + ((<usize>(groups * size)) << 3), call.dbeta);
}
