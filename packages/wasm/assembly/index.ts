// The exports of the module; src/kernels.ts says what a caller must know.

import { addForward as add } from './add';
import { backwardColumns, columnBytes } from './backward-columns';
import { backwardRows, blockBytes } from './backward-rows';
import { CELL_BYTES } from './cells';
import { FLOAT32 } from './dtype';
import { FACTORS_BYTES } from './factors';
import { normalize } from './forward';
import { gatedForward as gated } from './gated';
import { setGradients, storeSums } from './gradient';
import { groups, inner, outer, setColumns, setPart, setProblem, size, useSums } from './problem';
import { forwardQuantized as quantized } from './quantize';
import { setApart } from './rows';
import { rowBytes } from './rows-16';
import { dtype, setDtype } from './runs';
import { PLAIN, RUN, setStage } from './stages';
import { stripBytes } from './strips';
import { sumSquares as sumsOf } from './sums';
import { tileElements } from './tiles';
import { prepareWeights, weightBytes } from './weights';

// Codes of the operations, as in src/kernels.ts.
const FORWARD: i32 = 0;
const ADD_FORWARD: i32 = 1;
const GATED_FORWARD: i32 = 2;
const BACKWARD: i32 = 3;
const SCALE_BY: i32 = 5;
const QUANTIZED: i32 = 6;

// Flags, as in src/kernels.ts.
const LLAMA: u32 = 1;
const APART: u32 = 2;

let clampedBelow: f64 = -1;
/** Memory of the operation, in front of that of forward's kernels. */
let own: usize = 0;

function aligned(bytes: u32): u32 {
  return (bytes + 63) & ~63;
}

function ownBytes(op: i32, groups: u32, size: u32, inner: u32): u32 {
  if (op === BACKWARD) return aligned(groups * size * 16) + aligned(inner > 1 ? columnBytes(size, inner) : blockBytes());
  if (op === FORWARD || op === SCALE_BY || inner > 1) return 0;
  return RUN * 8 + (op === ADD_FORWARD ? 0 : aligned(tileElements(op === QUANTIZED ? groups * size : size) * 4));
}

export function scratchBytes(dtype: i32, groups: u32, size: u32, inner: u32, weightOffset: f64): u32 {
  return operationBytes(FORWARD, dtype, groups, size, inner, weightOffset);
}

export function operationBytes(op: i32, dtype: i32, groups: u32, size: u32, inner: u32, weightOffset: f64): u32 {
  const quantized = op === QUANTIZED;
  const features = quantized ? groups * size : size;
  let kernel = FACTORS_BYTES;
  if (inner > 1) kernel = stripBytes(dtype, quantized || (op === GATED_FORWARD && dtype !== FLOAT32), features, size, inner);
  else if (dtype !== FLOAT32) kernel = rowBytes(groups, size, weightOffset);
  return ownBytes(op, groups, size, inner) + CELL_BYTES + weightBytes(groups * size, size, weightOffset) + kernel;
}

export function begin(
  op: i32,
  dtype: i32,
  gamma: usize,
  beta: usize,
  scratch: usize,
  outer: u32,
  groups: u32,
  size: u32,
  inner: u32,
  statSize: u32,
  eps: f64,
  clamp: bool,
  alpha: f64,
  weightOffset: f64,
  flags: u32,
): void {
  setDtype(dtype);
  own = scratch;
  clampedBelow = clamp ? eps : -1;
  scratch += ownBytes(op, groups, size, inner);
  // 'llama' rounds x * r to float32, which is what 'gemma' does there.
  const twice = (flags & LLAMA) !== 0 && dtype !== FLOAT32;
  setApart((flags & APART) !== 0);
  setProblem(gamma, beta, scratch, outer, groups, size, inner, statSize, eps, clamp, alpha, weightOffset, twice);
  prepareWeights();
}

export function forward(
  dtype: i32,
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  rstd: usize,
  scratch: usize,
  outer: u32,
  groups: u32,
  size: u32,
  inner: u32,
  statSize: u32,
  eps: f64,
  clamp: bool,
  alpha: f64,
  weightOffset: f64,
  flags: u32,
): void {
  begin(FORWARD, dtype, gamma, beta, scratch, outer, groups, size, inner, statSize, eps, clamp, alpha, weightOffset, flags);
  all(x, y, rstd);
}

/** forward of what `begin`, and then `setColumns`, told. */
export function all(x: usize, y: usize, rstd: usize): void {
  setPart(x, y, rstd, outer * groups, 0);
  setStage(PLAIN, x, 0, x, y);
  normalize(dtype);
}

export { setColumns };

export function addForward(x: usize, residual: usize, sum: usize, y: usize, rstd: usize): void {
  add(x, residual, sum, y, rstd, own);
}

export function gatedForward(x: usize, gate: usize, y: usize, rstd: usize, normFirst: bool): void {
  gated(x, gate, y, rstd, normFirst, own);
}

export function backward(
  x: usize,
  dy: usize,
  rstd: usize,
  dsum: usize,
  dx: usize,
  dgamma: usize,
  dbeta: usize,
): void {
  const sums = own;
  setGradients(x, dy, dsum, dx, rstd, sums, dbeta !== 0, clampedBelow);
  memory.fill(sums, 0, (<usize>(groups * size)) << 4);
  const memoryOfRows = own + aligned(groups * size * 16);
  if (inner > 1) backwardColumns(memoryOfRows);
  else backwardRows(memoryOfRows);
  if (dgamma) storeSums(sums, dgamma);
  if (dbeta) storeSums(sums + ((<usize>(groups * size)) << 3), dbeta);
}

export function sumSquares(x: usize, sums: usize): void {
  setStage(PLAIN, x, 0, x, 0);
  sumsOf(x, sums, own);
}

export function scaleBy(x: usize, sums: usize, count: f64, y: usize): void {
  useSums(sums, count, clampedBelow >= 0);
  all(x, y, 0);
}

export function forwardQuantized(x: usize, q: usize, scales: usize, scale: f32): void {
  quantized(x, q, scales, scale, own);
}
