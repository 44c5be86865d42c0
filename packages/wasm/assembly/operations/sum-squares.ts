// sumSquares: sums of squares as float32. 16-bit rows are converted first, and added in the order of float32 rows.

import { call, isFloat32 } from '../call';
import { startStrips } from '../columns/strip';
import { offsetOf, sumStrip } from '../columns/strips';
import { loadRun } from '../elements/runs';
import { sumInFloat64 } from '../rows/float64-row';
import { sumSquares as sumRow } from '../rows/sum';
import { tileRows } from '../rows/tiles';
import { isInRange } from '../statistic';
import { PLAIN, setStage } from './stages';

export function sumSquares(): void {
  const rows = call.outer * call.groups;
  if (call.inner > 1) sumColumns(rows);
  else sumRows(rows);
}

function sumColumns(slabs: u32): void {
  setStage(PLAIN, call.x, 0);
  const strip = startStrips();
  for (let slab: u32 = 0; slab < slabs; slab++) {
    for (let column = call.firstColumn; column < call.endColumn; column += strip.width) {
      const columns = min(strip.width, call.endColumn - column);
      const at = offsetOf(slab, column);
      sumStrip(strip, at, columns, strip.values);
      const row = slab * call.inner + column;
      for (let c: u32 = 0; c < columns; c++) {
        storeSum(load<f64>(strip.sums + (<usize>c << 3)), call.x + at + (<usize>c << call.elementShift), row + c);
      }
    }
  }
}

function sumRows(rows: u32): void {
  const size = call.size;
  const bytes = <usize>size << call.elementShift;
  const most = tileRows(1);
  for (let first: u32 = 0; first < rows; first += most) {
    const count = min(most, rows - first);
    let original = call.x + first * bytes;
    let from = original;
    if (!isFloat32()) {
      loadRun(original, call.operationMemory, count * size);
      from = call.operationMemory;
    }
    for (let row: u32 = 0; row < count; row++, from += <usize>size << 2, original += bytes) {
      storeSum(sumRow(from, size), original, first + row);
    }
  }
}

/** Stores the sum of a row, which begins at `x`. If it is out of range, it is computed again in float64. */
function storeSum(sum: f64, x: usize, row: u32): void {
  if (!isInRange(sum)) sum = sumInFloat64(call.dtype, x, <usize>call.inner << call.elementShift);
  store<f32>(call.sums + (<usize>row << 2), <f32>sum);
}
