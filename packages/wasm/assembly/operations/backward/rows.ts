// backward of contiguous rows (inner = 1). Four rows of a group are done at once: what they contribute to dgamma and dbeta is added in
// float32, then to the float64 sums. 16-bit rows are converted into scratch memory in blocks.

import { call, isFloat32 } from '../../call';
import { addFloat32 } from '../../elements/add';
import { With, Without } from '../../elements/generic';
import { loadRun, storeRun } from '../../elements/runs';
import { sumRow } from '../../rows/sum';
import { weightsOf } from '../../weights';
import { fourRows, oneRow } from './four-rows';
import { gradientFits, gradientInFloat64, needsSquares, pairsThatFit } from './gradient';
import { dotRow, sumBoth } from './row-sums';

/** Elements of a row that are done at once. */
const BLOCK: u32 = 2048;
const BLOCK_BYTES: usize = 8192;

// The operation's memory: r of four rows, their middle factors (float32), their sums of squares, their sums of products (float64), then float32
// blocks: four of x, four of dy, and one of dsum.
const MIDDLES: usize = 16;
const SQUARES: usize = 32;
const DOTS: usize = 64;
const BLOCKS: usize = 128;
export const ROWS_BYTES: u32 = <u32>(BLOCKS + 9 * BLOCK_BYTES);

/** Bit j is set if row j of four fits float32. */
const ALL_FIT: u32 = 15;

export function backwardRows(): void {
  const size = call.size;
  const groups = call.groups;
  const pitch = (<usize>groups * size) << call.elementShift;
  for (let o: u32 = 0; o < call.outer; o += 4) {
    const rows = min(4, call.outer - o);
    for (let g: u32 = 0; g < groups; g++) {
      const feature = g * size;
      const row = o * groups + g;
      const at = (<usize>row * size) << call.elementShift;
      sumRows(at, pitch, rows, feature);
      const fitting = fittingOf(row, at, pitch, rows);
      gradients(at, pitch, rows, fitting, feature);
      for (let j: u32 = 0; j < rows; j++) {
        if (fitting & (1 << j)) continue;
        const stride: usize = 1 << call.elementShift;
        const offset = at + j * pitch;
        gradientInFloat64(row + j * groups, offset, stride, feature, call.dtype, call.dx + offset, stride);
      }
    }
  }
}

/** The address of one of the nine blocks. */
// @ts-ignore: decorator
@inline
function blockOf(block: u32): usize {
  return call.operationMemory + BLOCKS + block * BLOCK_BYTES;
}

/** The address of a run as float32: where it lies, or converted into a block. */
// @ts-ignore: decorator
@inline
function inFloat32(p: usize, block: usize, length: u32): usize {
  if (isFloat32()) return p;
  loadRun(p, block, length);
  return block;
}

/** Sums up to four rows, from their last block to the first. If they were converted, their first blocks stay in memory. */
function sumRows(at: usize, pitch: usize, rows: u32, feature: u32): void {
  const size = call.size;
  const statSize = call.statSize;
  const four = call.operationMemory;
  v128.store(four + SQUARES, i64x2.splat(0));
  v128.store(four + SQUARES + 16, i64x2.splat(0));
  v128.store(four + DOTS, i64x2.splat(0));
  v128.store(four + DOTS + 16, i64x2.splat(0));
  for (let i: u32 = ((size - 1) / BLOCK) * BLOCK; ; i -= BLOCK) {
    const length = min(size - i, BLOCK);
    const w = weightsOf(feature + i, length);
    const squared: u32 = needsSquares() && i < statSize ? min(length, statSize - i) : 0;
    let offset = at + (<usize>i << call.elementShift);
    for (let j: u32 = 0; j < rows; j++, offset += pitch) {
      const x = inFloat32(call.x + offset, blockOf(j), length);
      const d = inFloat32(call.dy + offset, blockOf(j + 4), length);
      const squares = four + SQUARES + (<usize>j << 3);
      const dots = squares + (DOTS - SQUARES);
      if (squared === length) {
        sumBoth(x, d, w, length, squares, dots);
        continue;
      }
      store<f64>(dots, load<f64>(dots) + dotRow(x, d, w, length));
      if (squared) store<f64>(squares, load<f64>(squares) + sumRow(x, squared));
    }
    if (i === 0) break;
  }
}

/** Stores r and the middle factor of the rows that fit float32. Returns a bit for each of these. */
function fittingOf(row: u32, at: usize, pitch: usize, rows: u32): u32 {
  const four = call.operationMemory;
  // The rows of one group are neighbours in rstd only if there are no other groups.
  let j: u32 = 0;
  if (!call.rstd || call.groups === 1) j = pairsThatFit(row, four + SQUARES, four + DOTS, four, four + MIDDLES, rows);
  let fitting: u32 = (1 << j) - 1;
  for (; j < rows; j++) {
    const factor = four + (<usize>j << 2);
    const sum = load<f64>(four + SQUARES + (<usize>j << 3));
    const dot = load<f64>(four + DOTS + (<usize>j << 3));
    if (gradientFits(row + j * call.groups, sum, dot, at + j * pitch, 1 << call.elementShift, factor, factor + MIDDLES)) fitting |= 1 << j;
  }
  return fitting;
}

/** dx of the rows that fit, and their contributions to the sums. */
function gradients(at: usize, pitch: usize, rows: u32, fitting: u32, feature: u32): void {
  const size = call.size;
  const statSize = call.statSize;
  const direct = isFloat32();
  for (let i: u32 = 0; i < size; ) {
    // A block ends where the statistic ends: after that the middle factor is 0.
    const blockEnd = min(size, (i / BLOCK + 1) * BLOCK);
    const length = (i < statSize ? min(blockEnd, statSize) : blockEnd) - i;
    if (i === statSize) v128.store(call.operationMemory + MIDDLES, i64x2.splat(0));
    const block = at + (<usize>i << call.elementShift);
    gradientsOfBlock(block, pitch, rows, fitting, feature + i, i & (BLOCK - 1), length, !direct && size > BLOCK);
    i += length;
  }
}

/**
 * The same for `length` elements of each row, from `at` bytes and `feature` on. They lie from element `first` of their block on. `load`:
 * the blocks hold other elements and must be loaded again.
 */
// @ts-ignore: decorator
@inline
function gradientsOfBlock(at: usize, pitch: usize, rows: u32, fitting: u32, feature: u32, first: u32, length: u32, load: bool): void {
  const direct = isFloat32();
  const block = blockOf(0) + (<usize>first << 2);
  if (load) {
    for (let j: u32 = 0; j < rows; j++) {
      loadRun(call.x + at + j * pitch, block + j * BLOCK_BYTES, length);
      loadRun(call.dy + at + j * pitch, block + (4 + j) * BLOCK_BYTES, length);
    }
  }
  const x = direct ? call.x + at : block;
  const d = direct ? call.dy + at : block + 4 * BLOCK_BYTES;
  const target = direct ? call.dx + at : d;
  const step = direct ? pitch : BLOCK_BYTES;
  const factors = call.operationMemory;
  const w = weightsOf(feature, length);
  const sums = call.gradientSums + (<usize>feature << 3);
  if (fitting === ALL_FIT) {
    if (call.dbeta) fourRows<With>(x, d, target, step, factors, w, sums, length);
    else fourRows<Without>(x, d, target, step, factors, w, sums, length);
    if (direct && !call.dsum) return;
  }
  for (let j: u32 = 0; j < rows; j++) {
    if (!(fitting & (1 << j))) continue;
    const offset = j * step;
    const result = target + offset;
    if (fitting !== ALL_FIT) oneRow(x + offset, d + offset, result, factors + (<usize>j << 2), w, sums, length);
    if (call.dsum) {
      addFloat32(result, inFloat32(call.dsum + at + j * pitch, blockOf(8), length), result, length);
    }
    if (!direct) storeRun(result, call.dx + at + j * pitch, length);
  }
}
