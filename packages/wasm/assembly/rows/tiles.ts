// Operations that pass over contiguous rows several times take them in tiles, which a cache holds meanwhile. Tiles are float32; those of
// 16-bit rows are converted into scratch memory.

import { call } from '../call';
import { float32Rows } from './rows';

/** Elements of a tile, or one row if that has more. As float32 they fill half of a small second-level cache. */
const TILE: u32 = 32768;

/** The most elements of a tile, if `together` of them must be in one tile. */
export function tileElements(together: u32): u32 {
  return max(TILE, together);
}

/** The most rows of a tile, if `unit` rows must be in one tile. */
export function tileRows(unit: u32): u32 {
  return max(1, TILE / (unit * call.size)) * unit;
}

/**
 * Normalizes `rows` rows of a tile, float32, from `from` to `to`. `first` is the index of the first one in the call, and `rstd` the
 * address for the call's first row, or 0. Results are not rounded to x's dtype, apart from x * r under 'llama'.
 */
export function normalizeTile(first: u32, rows: u32, from: usize, to: usize, rstd: usize): void {
  float32Rows(from, to, rstd ? rstd + (<usize>first << 2) : 0, rows, first % call.groups);
}
