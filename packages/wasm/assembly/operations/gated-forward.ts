// gatedForward: in float32, rounded once at the end. Contiguous rows are done tile by tile.

import { FLOAT32 } from '../elements/dtype';
import { normalizeTile } from '../rows/normalize-tile';
import { groups, inner, outer, setPart, size } from '../problem';
import { dtype, shift } from '../elements/runs';
import { ENTER, GATE_FIRST, GATE_LAST, LEAVE, pass, RUN, setOther, setStage } from './stages';
import { strips } from '../columns/strips';
import { count, first, nextTile, startTiles } from '../rows/tiles';

/** @param own float32 memory for two runs, and for a tile. Both only where inner = 1 */
export function gatedForward(x: usize, gate: usize, y: usize, rstd: usize, normFirst: bool, own: usize): void {
  const direct = dtype === FLOAT32;
  const source = direct && !normFirst ? y : x;
  setStage(normFirst ? GATE_LAST : GATE_FIRST, x, gate, source, y);
  if (inner > 1) {
    setPart(source, y, rstd, outer * groups, 0);
    strips();
    return;
  }
  setOther(own);
  const rounding = own + (<usize>RUN << 2);
  const tile = own + (<usize>RUN << 3);
  startTiles();
  while (nextTile(1)) {
    const at = <usize>(first * size) << shift();
    if (!direct || !normFirst) pass(ENTER, at, tile, 4, 1, count * size);
    const to = direct && !normFirst ? y + at : tile;
    normalizeTile(first, count, direct ? source + at : tile, to, rstd, rounding);
    if (to === tile) pass(LEAVE, at, tile, 4, 1, count * size);
  }
}
