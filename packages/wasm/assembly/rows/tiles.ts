// Contiguous rows that are worked on several times are done in tiles, which stay in a cache meanwhile, as float32 in scratch memory where
// x is of 16 bits.

import { call } from '../call';
import { float32Rows } from './rows';

/** Elements of a tile, but for one that a single row exceeds: as float32 half of a small second-level cache. */
const TILE: u32 = 32768;

/** The most elements of a tile in which `together` of them must be. */
export function tileElements(together: u32): u32 {
  return max(TILE, together);
}

/** The most rows of a tile. @param unit how many rows belong together: 1, or groups */
export function tileRows(unit: u32): u32 {
  return max(1, TILE / (unit * call.size)) * unit;
}

/**
 * Normalizes `rows` rows of the call from row `first` on, which are float32 at `from`, to float32 at `to`: not rounded, but for x * r
 * where that is. `rstd` is that of row 0, or 0.
 */
export function normalizeTile(first: u32, rows: u32, from: usize, to: usize, rstd: usize): void {
  float32Rows(from, to, rstd ? rstd + (<usize>first << 2) : 0, rows, first % call.groups);
}
