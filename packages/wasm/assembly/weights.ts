// What multiplies x * r, as a float32 array: gamma itself, ones where there is none, or weightOffset + gamma.

import { CELL_BYTES } from './elements/cells';
import { forgetPacked } from './half/packed-weights';
import { gamma, groups, scratch, size, weightOffset } from './problem';

/** Rows are scaled in pieces of at most this many elements, so that scratch memory is bounded. A multiple of 16. */
export const PIECE: u32 = 16384;
/** With a weightOffset, up to this many weights are made once per call, more of them again for each row. */
const MADE_ONCE: u32 = 65536;

let made: bool = false;

// @ts-ignore: decorator
@inline
function table(): usize {
  return scratch + CELL_BYTES;
}

/** Bytes of the weights behind the cells: a multiple of 16. */
export function weightBytes(features: u32, size: u32, weightOffset: f64): u32 {
  const count = weightOffset !== 0 && features <= MADE_ONCE ? features : min(size, PIECE);
  return (count * 4 + 15) & ~15;
}

/** Makes at the start of a call what all its rows share. */
export function prepareWeights(): void {
  made = false;
  forgetPacked();
  if (!gamma) {
    const end = table() + (<usize>min(size, PIECE) << 2);
    for (let p = table(); p < end; p += 16) v128.store(p, f32x4.splat(1));
  } else if (weightOffset !== 0 && groups * size <= MADE_ONCE) {
    makeWeights(0, groups * size);
    made = true;
  }
}

/** Whether the weights of all groups stand in memory at once, each behind the one before, or there are none. */
export function weightsStand(): bool {
  return !gamma || weightOffset === 0 || made;
}

/** Where the weights of `count` (at most PIECE) features from `feature` on stand. */
export function weightsOf(feature: u32, count: u32): usize {
  if (!gamma) return table();
  if (weightOffset === 0) return gamma + (<usize>feature << 2);
  if (made) return table() + (<usize>feature << 2);
  makeWeights(feature, count);
  return table();
}

function makeWeights(feature: u32, count: u32): void {
  let from = gamma + (<usize>feature << 2);
  let to = table();
  const end = to + (<usize>count << 2);
  // Where the offset is a float32, as 1 is, adding in float32 is the sum rounded once too.
  const offset = <f32>weightOffset;
  if (<f64>offset === weightOffset) {
    const vectors = to + (<usize>(count & ~3) << 2);
    for (; to < vectors; from += 16, to += 16) v128.store(to, f32x4.add(v128.load(from), f32x4.splat(offset)));
  }
  for (; to < end; from += 4, to += 4) store<f32>(to, <f32>(weightOffset + <f64>load<f32>(from)));
}
