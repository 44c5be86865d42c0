// What multiplies x * r, as a float32 array: gamma itself, ones where there is none, or weightOffset + gamma.

import { call } from './call';
import { weightsIn } from './scratch';
import { forgetPacked } from './half/packed-weights';

/** Rows are scaled in pieces of at most this many elements, so that scratch memory is bounded. A multiple of 16. */
export const PIECE: u32 = 16384;
/** With a weightOffset, up to this many weights are made once per call, more of them again for each row. */
const MADE_ONCE: u32 = 65536;

/** Scratch memory for weights that are not gamma itself: a multiple of 16 bytes. */
export function weightBytes(): u32 {
  const features = call.groups * call.size;
  const count = call.weightOffset !== 0 && features <= MADE_ONCE ? features : min(call.size, PIECE);
  return (count * 4 + 15) & ~15;
}

/** Makes what all rows of a call share. */
export function prepareWeights(): void {
  const features = call.groups * call.size;
  call.weightsMade = 0;
  forgetPacked();
  if (!call.gamma) {
    const end = weightsIn() + (<usize>min(call.size, PIECE) << 2);
    for (let p = weightsIn(); p < end; p += 16) v128.store(p, f32x4.splat(1));
  } else if (call.weightOffset !== 0 && features <= MADE_ONCE) {
    makeWeights(0, features);
    call.weightsMade = 1;
  }
}

/** Whether the weights of all groups are in memory at once, each behind the one before, or there are none. */
export function weightsStand(): bool {
  return !call.gamma || call.weightOffset === 0 || call.weightsMade !== 0;
}

/** The address of the weights of `count` (at most PIECE) features from `feature` on. Others may be there after the next call. */
export function weightsOf(feature: u32, count: u32): usize {
  if (!call.gamma) return weightsIn();
  if (call.weightOffset === 0) return call.gamma + (<usize>feature << 2);
  if (call.weightsMade) return weightsIn() + (<usize>feature << 2);
  makeWeights(feature, count);
  return weightsIn();
}

function makeWeights(feature: u32, count: u32): void {
  let from = call.gamma + (<usize>feature << 2);
  let to = weightsIn();
  const end = to + (<usize>count << 2);
  // Where the offset is a float32, as 1 is, adding in float32 is the sum rounded once too.
  const offset = <f32>call.weightOffset;
  if (<f64>offset === call.weightOffset) {
    const vectors = to + (<usize>(count & ~3) << 2);
    for (; to < vectors; from += 16, to += 16) v128.store(to, f32x4.add(v128.load(from), f32x4.splat(offset)));
  }
  for (; to < end; from += 4, to += 4) store<f32>(to, <f32>(call.weightOffset + <f64>load<f32>(from)));
}
