// The weights that multiply x * r, as float32 arrays: gamma itself, ones where there is no gamma, or weightOffset + gamma.

import { call } from './call';
import { forgetPacked } from './half/packed-weights';
import { weightMemory } from './scratch';

/** The most elements of a row that are scaled at once, which bounds scratch memory. A multiple of 16. */
export const PIECE: u32 = 16384;
/** With a weightOffset, up to this many weights are made once per call. If there are more, they are made again for each row. */
const MADE_ONCE: u32 = 65536;

/** Bytes of scratch memory for weights: a multiple of 16. */
export function weightBytes(): u32 {
  const features = call.groups * call.size;
  const count = call.weightOffset !== 0 && features <= MADE_ONCE ? features : min(call.size, PIECE);
  return (count * 4 + 15) & ~15;
}

/** Makes the weights that all rows of a call share. */
export function prepareWeights(): void {
  const features = call.groups * call.size;
  call.weightsMade = 0;
  forgetPacked();
  if (!call.gamma) {
    const end = weightMemory() + (<usize>min(call.size, PIECE) << 2);
    for (let p = weightMemory(); p < end; p += 16) v128.store(p, f32x4.splat(1));
  } else if (call.weightOffset !== 0 && features <= MADE_ONCE) {
    makeWeights(0, features);
    call.weightsMade = 1;
  }
}

/** Whether the weights of all groups lie in memory one behind another. True without gamma, where every group has the same ones. */
export function allWeightsAtOnce(): bool {
  return !call.gamma || call.weightOffset === 0 || call.weightsMade !== 0;
}

/** The address of the weights of `count` (at most PIECE) features from `feature` on. Valid until the next call of this function. */
export function weightsOf(feature: u32, count: u32): usize {
  if (!call.gamma) return weightMemory();
  if (call.weightOffset === 0) return call.gamma + (<usize>feature << 2);
  if (call.weightsMade) return weightMemory() + (<usize>feature << 2);
  makeWeights(feature, count);
  return weightMemory();
}

function makeWeights(feature: u32, count: u32): void {
  let from = call.gamma + (<usize>feature << 2);
  let to = weightMemory();
  const end = to + (<usize>count << 2);
  // If the offset is a float32 number, as 1 is, a float32 addition rounds just once, as the float64 addition below does.
  const offset = <f32>call.weightOffset;
  if (<f64>offset === call.weightOffset) {
    const vectors = to + (<usize>(count & ~3) << 2);
    for (; to < vectors; from += 16, to += 16) v128.store(to, f32x4.add(v128.load(from), f32x4.splat(offset)));
  }
  for (; to < end; from += 4, to += 4) store<f32>(to, <f32>(call.weightOffset + <f64>load<f32>(from)));
}
