// gatedForward: in float32, rounded once at the end. Contiguous rows are done in tiles.

import { call, isFloat32 } from '../call';
import { normalizeStrips } from '../columns/strips';
import { normalizeTile, tileRows } from '../rows/tiles';
import { ENTER, GATE_FIRST, GATE_LAST, LEAVE, moveRows, setStage } from './stages';

export function gatedForward(): void {
  const direct = isFloat32();
  const normFirst = call.normBeforeGate !== 0;
  const source = direct && !normFirst ? call.y : call.x;
  setStage(normFirst ? GATE_LAST : GATE_FIRST, source, call.y);
  if (call.inner > 1) {
    normalizeStrips();
    return;
  }
  const tile = call.operationMemory;
  const rows = call.outer * call.groups;
  const most = tileRows(1);
  for (let first: u32 = 0; first < rows; first += most) {
    const count = min(most, rows - first);
    const at = <usize>(first * call.size) << call.elementShift;
    if (!direct || !normFirst) moveRows(ENTER, at, tile, 4, 1, count * call.size);
    const to = direct && !normFirst ? call.y + at : tile;
    normalizeTile(first, count, direct ? source + at : tile, to, call.rstd);
    if (to === tile) moveRows(LEAVE, at, tile, 4, 1, count * call.size);
  }
}
