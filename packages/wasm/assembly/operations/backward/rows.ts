// backward of contiguous rows (inner = 1). Four rows of a group are done at once: what they contribute to dgamma and dbeta is added in
// float32, then to the float64 sums. 16-bit rows are converted into scratch memory in blocks.

import { call, isFloat32 } from '../../call';
import { addFloat32 } from '../../elements/add';
import { With, Without } from '../../elements/generic';
import { loadRun, storeRun } from '../../elements/runs';
import { sumSquares } from '../../rows/sum';
import { weightsOf } from '../../weights';
import { fourRows, oneRow } from './four-rows';
import { followFromSums, gradientFits, gradientInFloat64, needsSquares, twoGradientsFit } from './gradient';
import { dotRow, sumBoth } from './row-sums';

/** Elements of a row that are done at once. */
const BLOCK: u32 = 2048;
const BLOCK_BYTES: usize = 8192;

// The operation's memory: r and slope of four rows (float32), their sums of squares and of products (float64), then float32 blocks: four
// of x, four of dy, and one of dsum.
const FACTORS: usize = 0;
const SLOPES: usize = 16;
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
      for (let j: u32 = 0; j < rows; j++) sumRow(at + j * pitch, feature, j);
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

/** Sums row `j` of four, from its last block to the first. If it was converted, the first stays in memory. */
function sumRow(at: usize, feature: u32, j: u32): void {
  const squares = call.operationMemory + SQUARES + (<usize>j << 3);
  const dots = call.operationMemory + DOTS + (<usize>j << 3);
  const size = call.size;
  const statSize = call.statSize;
  store<f64>(squares, 0);
  store<f64>(dots, 0);
  for (let i: u32 = ((size - 1) / BLOCK) * BLOCK; ; i -= BLOCK) {
    const length = min(size - i, BLOCK);
    const offset = at + (<usize>i << call.elementShift);
    const x = inFloat32(call.x + offset, blockOf(j), length);
    const d = inFloat32(call.dy + offset, blockOf(j + 4), length);
    const w = weightsOf(feature + i, length);
    if (needsSquares() && i + length <= statSize) {
      sumBoth(x, d, w, length, squares, dots);
    } else {
      store<f64>(dots, load<f64>(dots) + dotRow(x, d, w, length));
      if (i < statSize && needsSquares()) store<f64>(squares, load<f64>(squares) + sumSquares(x, min(length, statSize - i)));
    }
    if (i === 0) break;
  }
}

/** Stores r and slope of the rows that fit float32. Returns a bit for each of these. */
function fittingOf(row: u32, at: usize, pitch: usize, rows: u32): u32 {
  const four = call.operationMemory;
  if (rows === 4 && followFromSums()) {
    const first = twoGradientsFit(four + SQUARES, four + DOTS, four + FACTORS, four + SLOPES);
    if (first && twoGradientsFit(four + SQUARES + 16, four + DOTS + 16, four + FACTORS + 8, four + SLOPES + 8)) return ALL_FIT;
  }
  let fitting: u32 = 0;
  for (let j: u32 = 0; j < rows; j++, row += call.groups, at += pitch) {
    const sum = load<f64>(four + SQUARES + (<usize>j << 3));
    const dot = load<f64>(four + DOTS + (<usize>j << 3));
    const factor = four + FACTORS + (<usize>j << 2);
    if (gradientFits(row, sum, dot, at, 1 << call.elementShift, factor, factor + SLOPES)) fitting |= 1 << j;
  }
  return fitting;
}

/** dx of the rows that fit, and their contributions to the sums. */
function gradients(at: usize, pitch: usize, rows: u32, fitting: u32, feature: u32): void {
  const size = call.size;
  const statSize = call.statSize;
  const direct = isFloat32();
  for (let i: u32 = 0; i < size; ) {
    // A block ends where the statistic ends: after that there is no slope.
    const blockEnd = min(size, (i / BLOCK + 1) * BLOCK);
    const length = (i < statSize ? min(blockEnd, statSize) : blockEnd) - i;
    if (i === statSize) v128.store(call.operationMemory + SLOPES, i64x2.splat(0));
    const block = at + (<usize>i << call.elementShift);
    gradientsOfBlock(block, pitch, rows, fitting, feature + i, i & (BLOCK - 1), length, !direct && size > BLOCK);
    i += length;
  }
}

/**
 * The same for `length` elements of each row, from `at` bytes and `feature` on. They lie from element `first` of their block on. `load`:
 * the blocks hold other elements and must be loaded again.
 */
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
  const factors = call.operationMemory + FACTORS;
  const w = weightsOf(feature, length);
  const sums = call.gradientSums + (<usize>feature << 3);
  if (fitting === ALL_FIT) {
    if (call.dbeta) fourRows<With>(x, d, target, step, factors, w, sums, length);
    else fourRows<Without>(x, d, target, step, factors, w, sums, length);
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
