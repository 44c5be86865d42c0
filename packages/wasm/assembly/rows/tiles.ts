// Contiguous rows (inner = 1) that are worked on several times are done in tiles, which stay in a cache meanwhile.

import { groups, outer, size } from '../problem';

/** Elements of a tile, but for one that a single row exceeds: as float32 half of a small second-level cache. */
const TILE: u32 = 32768;

// The tile: its first row, and how many it has.
export let first: u32 = 0;
export let count: u32 = 0;

/** The most elements of a tile in which `together` of them must be. */
export function tileElements(together: u32): u32 {
  return max(TILE, together);
}

export function startTiles(): void {
  first = 0;
  count = 0;
}

/** Goes on to the next tile; false where there is none. @param unit how many rows belong together: 1, or groups */
export function nextTile(unit: u32): bool {
  first += count;
  count = min(max(1, TILE / (unit * size)) * unit, outer * groups - first);
  return count > 0;
}
