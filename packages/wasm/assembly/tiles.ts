// Tiles: parts of a problem that stay in a cache while they are worked on several times. A tile is either slabs
// [size, inner] that lie one behind another, or, where one does not fit, a strip of columns of it. A strip's rows have
// at least 16 columns, and never just one: kernels tell inner = 1 from more.

import { endColumn, firstColumn, groups, inner, outer, size } from './problem';
import { loadRun, shift, storeRun } from './runs';

/** Elements of a tile: as float32 half of a small second-level cache. */
export const TILE: u32 = 32768;
/** Elements of a run that are done at a time. */
export const RUN: u32 = 4096;

/** inner of the whole problem. */
export let pitch: u32 = 0;
let slabs: u32 = 0;
// Columns that are done, of pitch.
let left: u32 = 0;
let right: u32 = 0;

// The tile: its first slab, how many, its first column, how many.
export let slab: u32 = 0;
export let count: u32 = 0;
export let column: u32 = 0;
export let width: u32 = 0;

let step: u32 = 0;
let wide: u32 = 0;

// The run: where it begins in the tensor and in the tile, and its length, all in elements.
export let runAt: usize = 0;
export let runIn: usize = 0;
export let runLength: u32 = 0;
let longest: u32 = 0;

/** Columns of all tiles but the last beside them. `together`: how many features, of one slab or several, a tile has. */
export function tileWidth(together: u32, inner: u32): u32 {
  if (inner === 1 || together * inner <= TILE) return inner;
  return min(inner, max(16, (TILE / together) & ~15));
}

export function lastWidth(wide: u32, inner: u32): u32 {
  return wide < inner ? inner - wide * ((inner - 2) / wide) : inner;
}

/** The most elements that a tile has. */
export function tileElements(together: u32, inner: u32): u32 {
  const wide = tileWidth(together, inner);
  return wide < inner ? together * (wide + 1) : max(TILE, together * inner);
}

/** @param unit how many slabs belong together: 1, or groups */
export function startTiles(unit: u32): void {
  pitch = inner;
  left = firstColumn;
  right = endColumn;
  slabs = outer * groups;
  wide = tileWidth(unit * size, inner);
  step = wide < inner ? unit : max(1, TILE / (unit * size * inner)) * unit;
  slab = 0;
  count = 0;
  column = 0;
  width = 0;
}

/** Goes on to the next tile; false where there is none. */
export function nextTile(): bool {
  column += width;
  if (column === right || count === 0) {
    slab += count;
    column = left;
    if (slab === slabs) return false;
    count = min(step, slabs - slab);
  }
  width = right - column <= wide + 1 ? right - column : wide;
  return true;
}

/** Makes the tile `count_` slabs from `slab_` on. */
export function setSlabs(slab_: u32, count_: u32): void {
  slab = slab_;
  count = count_;
}

/** Whether the tile lies contiguously in its tensor. */
export function isContiguous(): bool {
  return width === pitch;
}

/** The address of the tile in a tensor. */
export function tileIn(tensor: usize): usize {
  return tensor + (((<usize>slab * size) * pitch + column) << shift());
}

/** Goes on with the runs of the tile from its first. */
export function startRuns(longest_: u32): void {
  runIn = 0;
  runLength = 0;
  longest = longest_;
}

export function nextRun(): bool {
  const done = <u32>runIn + runLength;
  if (done === count * size * width) return false;
  runIn = done;
  if (width === pitch) {
    runAt = <usize>slab * size * pitch + done;
    runLength = min(longest, count * size * width - done);
  } else {
    const inRow = done % width;
    runAt = (<usize>slab * size + done / width) * pitch + column + inRow;
    runLength = min(longest, width - inRow);
  }
  return true;
}

/** The tile of a tensor as float32, dense. */
export function loadTile(tensor: usize, to: usize): void {
  startRuns(TILE);
  while (nextRun()) loadRun(tensor + (runAt << shift()), to + (runIn << 2), runLength);
}

export function storeTile(from: usize, tensor: usize): void {
  startRuns(TILE);
  while (nextRun()) storeRun(from + (runIn << 2), tensor + (runAt << shift()), runLength);
}
