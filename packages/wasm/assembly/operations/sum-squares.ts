// sumSquares: sums of squares as float32. 16-bit rows are converted first, and added in the order of float32 rows.

import { call, isFloat32 } from '../call';
import { startStrips } from '../columns/strip';
import { offsetOf, sumStrip } from '../columns/strips';
import { loadRun } from '../elements/runs';
import { ROWS } from '../rows/factors';
import { sumInFloat64 } from '../rows/float64-row';
import { sumRows } from '../rows/sum';
import { tileRows } from '../rows/tiles';
import { isInRange } from '../statistic';
import { NO_STAGE, setStage } from './stages';

export function sumSquares(): void {
  const rows = call.outer * call.groups;
  if (call.inner > 1) ofColumns(rows);
  else ofRows(rows);
}

function ofColumns(slabs: u32): void {
  setStage(NO_STAGE, call.x, 0);
  const strip = startStrips();
  for (let slab: u32 = 0; slab < slabs; slab++) {
    for (let column = call.firstColumn; column < call.endColumn; column += strip.width) {
      const columns = min(strip.width, call.endColumn - column);
      const at = offsetOf(slab, column);
      sumStrip(strip, at, columns, strip.values);
      storeSums(strip.sums, columns, slab * call.inner + column, call.x + at, <usize>1 << call.elementShift);
    }
  }
}

function ofRows(rows: u32): void {
  const size = call.size;
  const bytes = <usize>size << call.elementShift;
  const most = min(ROWS, tileRows(1));
  const sums = call.kernelMemory;
  let x = call.x;
  for (let row: u32 = 0; row < rows; row += most, x += most * bytes) {
    const count = min(most, rows - row);
    let from = x;
    if (!isFloat32()) {
      from = call.operationMemory;
      loadRun(x, from, count * size);
    }
    sumRows(from, <usize>size << 2, size, count, sums);
    storeSums(sums, count, row, x, bytes);
  }
}

/**
 * Stores `count` float64 sums, of rows from index `row` on, which begin at `x`, `pitch` bytes from one another. Those out of range are
 * computed again in float64.
 */
function storeSums(sums: usize, count: u32, row: u32, x: usize, pitch: usize): void {
  const size = call.size;
  let to = call.sums + (<usize>row << 2);
  for (const end = to + (<usize>count << 2); to < end; to += 4, sums += 8, x += pitch) {
    let sum = load<f64>(sums);
    if (!isInRange(sum, size)) sum = sumInFloat64(call.dtype, x, <usize>call.inner << call.elementShift);
    store<f32>(to, <f32>sum);
  }
}
