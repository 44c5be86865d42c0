// gatedForward, tile by tile in float32, rounded once at the end.

import { FLOAT32 } from './dtype';
import { normalizeTile } from './normalize-tile';
import { dtype, loadRun, shift, storeRun } from './runs';
import { multiplySilu } from './silu';
import { isContiguous, loadTile, nextRun, nextTile, RUN, runAt, runIn, runLength, startRuns, startTiles, storeTile, tileIn } from './tiles';

/** @param own float32 memory for two runs. @param tile float32 memory for a tile */
export function gatedTiles(x: usize, gate: usize, y: usize, rstd: usize, normFirst: bool, own: usize, tile: usize): void {
  const gates = own;
  const rounding = own + (<usize>RUN << 2);
  startTiles(1);
  while (nextTile()) {
    const direct = dtype === FLOAT32 && isContiguous();
    if (normFirst) {
      if (!direct) loadTile(x, tile);
      normalizeTile(direct ? tileIn(x) : tile, tile, rstd, rounding);
      startRuns(RUN);
      while (nextRun()) {
        const v = tile + (runIn << 2);
        multiplySilu(v, gatesOf(gate, gates), dtype === FLOAT32 ? y + (runAt << 2) : v, runLength);
        if (dtype !== FLOAT32) storeRun(v, y + (runAt << shift()), runLength);
      }
    } else {
      const target = direct ? tileIn(y) : tile;
      startRuns(RUN);
      while (nextRun()) {
        const u = target + (runIn << 2);
        if (dtype !== FLOAT32) loadRun(x + (runAt << shift()), u, runLength);
        multiplySilu(dtype === FLOAT32 ? x + (runAt << 2) : u, gatesOf(gate, gates), u, runLength);
      }
      normalizeTile(target, target, rstd, rounding);
      if (!direct) storeTile(tile, y);
    }
  }
}

/** The gate of the run as float32. */
function gatesOf(gate: usize, to: usize): usize {
  if (dtype === FLOAT32) return gate + (runAt << 2);
  loadRun(gate + (runAt << shift()), to, runLength);
  return to;
}
