// The exports of the module; src/kernels.ts says what a caller must know.

import { addTiles } from './add';
import { backwardColumns, columnBytes } from './backward-columns';
import { backwardRows, blockBytes } from './backward-rows';
import { CELL_BYTES } from './cells';
import { FLOAT32 } from './dtype';
import { forwardBytes, normalize } from './forward';
import { gatedTiles } from './gated';
import { setGradients, storeSums } from './gradient';
import { endColumn, firstColumn, groups, inner, outer, setColumns, setPart, setProblem, size, useSums } from './problem';
import { quantizeTiles } from './quantize';
import { setApart } from './rows';
import { dtype, setDtype } from './runs';
import { sumTiles } from './sums';
import { lastWidth, RUN, tileElements, tileWidth } from './tiles';
import { prepareWeights, weightBytes } from './weights';

// Codes of the operations, as in src/kernels.ts.
const FORWARD: i32 = 0;
const ADD_FORWARD: i32 = 1;
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

/** How many features a tile has together. */
function featuresOf(op: i32, groups: u32, size: u32): u32 {
  return op === QUANTIZED ? groups * size : size;
}

/** A float64 for each column of a tile. */
function columnsBytes(together: u32, inner: u32): u32 {
  return aligned(min(inner, tileWidth(together, inner) + 1) * 8 + 32);
}

function ownBytes(op: i32, groups: u32, size: u32, inner: u32): u32 {
  if (op === FORWARD || op === SCALE_BY) return 0;
  if (op === BACKWARD) return aligned(groups * size * 16) + aligned(inner > 1 ? columnBytes(size, inner) : blockBytes());
  const together = featuresOf(op, groups, size);
  const tile = aligned(tileElements(together, inner) * 4);
  if (op === ADD_FORWARD) return RUN * 8 + (tileWidth(together, inner) < inner ? tile : 0);
  return RUN * 8 + columnsBytes(together, inner) + tile;
}

export function scratchBytes(dtype: i32, groups: u32, size: u32, inner: u32, weightOffset: f64): u32 {
  return operationBytes(FORWARD, dtype, groups, size, inner, weightOffset);
}

export function operationBytes(op: i32, dtype: i32, groups: u32, size: u32, inner: u32, weightOffset: f64): u32 {
  const whole = op === FORWARD || op === SCALE_BY;
  const wide = whole ? inner : tileWidth(featuresOf(op, groups, size), inner);
  const kernel = whole || op === ADD_FORWARD ? dtype : FLOAT32;
  const last = lastWidth(wide, inner);
  const behind = max(
    forwardBytes(kernel, groups, size, wide, weightOffset),
    forwardBytes(kernel, groups, size, last, weightOffset),
  );
  return ownBytes(op, groups, size, inner) + CELL_BYTES + weightBytes(groups * size, size, weightOffset) + behind;
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
  const first = firstColumn;
  const end = endColumn;
  setPart(x, y, rstd, outer * groups, 0, inner);
  setColumns(first, end);
  normalize(dtype);
}

export { setColumns };

/** `setColumns` takes multiples of this, or inner; what lies between is a whole number of tiles. */
export function columnStep(op: i32, groups: u32, size: u32, inner: u32): u32 {
  return op === FORWARD || op === SCALE_BY ? 32 : tileWidth(featuresOf(op, groups, size), inner);
}

export function addForward(x: usize, residual: usize, sum: usize, y: usize, rstd: usize): void {
  addTiles(x, residual, sum, y, rstd, own, own + RUN * 8);
}

export function gatedForward(x: usize, gate: usize, y: usize, rstd: usize, normFirst: bool): void {
  gatedTiles(x, gate, y, rstd, normFirst, own, own + RUN * 8);
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
  sumTiles(x, sums, own, own + columnsBytes(size, inner));
}

export function scaleBy(x: usize, sums: usize, count: f64, y: usize): void {
  useSums(sums, count, clampedBelow >= 0);
  all(x, y, 0);
}

export function forwardQuantized(x: usize, q: usize, scales: usize, scale: f32): void {
  quantizeTiles(x, q, scales, scale, own, own + RUN * 8 + columnsBytes(groups * size, inner));
}
