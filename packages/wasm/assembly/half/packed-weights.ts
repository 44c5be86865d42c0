// Weights in the order in which the loops of scale.ts use them. Those of eight features are two vectors: the ones at even places and the
// ones at odd places. For float16 these are magnitudes times 2^-47, and a third vector holds the eight signs.

import { call } from '../call';
import { DType } from '../descriptor';
import { padded } from '../elements/spill';
import { PIECE, weightsOf } from '../weights';
import { ABSOLUTE, constant, SCALE, SIGNS } from './constants';

/** No weights are packed. */
const NONE: u32 = -1;

export function forgetPacked(): void {
  call.packedGroup = NONE;
}

/** Bytes of the packed weights of eight features. */
function eightBytes(): usize {
  return call.dtype === DType.float16 ? 48 : 32;
}

/** Whether the weights of all groups are packed at once. If they are too many, those of a group are packed again for each of its rows. */
function allGroupsFit(): bool {
  return <u64>call.groups * ((call.size + 15) & ~15) <= (call.weightOffset !== 0 ? PIECE : 3 * PIECE);
}

export function packedBytes(): u32 {
  return (allGroupsFit() ? call.groups : 1) * ((call.size + 15) >> 4) * 96;
}

/** How many groups are packed at once. */
export function packedGroups(): u32 {
  return call.gamma && allGroupsFit() ? call.groups : 1;
}

/**
 * The address of the packed weights of a group, followed by zeros up to a multiple of 16 features. They lie at `table` and stay until
 * another group is packed, or `forgetPacked`. Sets `largestWeight` to the largest magnitude of all packed weights: a NaN if one is.
 */
export function packedOf(group: u32, table: usize): usize {
  const count = packedGroups();
  const size = call.size;
  const bytes = <usize>((size + 15) >> 4) * 2 * eightBytes();
  if (!call.gamma) group = 0;
  const first = count === call.groups ? 0 : group;
  if (call.packedGroup !== first) {
    call.packedGroup = first;
    call.largestWeight = 0;
    for (let g: u32 = 0; g < count; g++) pack(weightsOf((first + g) * size, size), table + g * bytes);
  }
  return table + (group - first) * bytes;
}

function pack(from: usize, to: usize): void {
  const size = call.size;
  const absolute = constant(ABSOLUTE);
  const scale = constant(SCALE);
  const signs = constant(SIGNS);
  const half = call.dtype === DType.float16;
  let largest = i64x2.splat(0);
  const step = eightBytes();
  const last = to + <usize>((size + 15) >> 4) * 2 * step;
  let end = to + <usize>(size >> 3) * step;
  // First whole eights; then the last 1 to 7, in a copy that zeros follow; then zeros up to a multiple of 16.
  for (let rest = size & 7; ; rest = 0) {
    for (; to < end; from += 32, to += step) {
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const even = v128.shuffle<u32>(a, b, 0, 2, 4, 6);
      const odd = v128.shuffle<u32>(a, b, 1, 3, 5, 7);
      const magnitudes = v128.and(even, absolute);
      const others = v128.and(odd, absolute);
      // The bits of magnitudes, as integers, have the same order. Those of a NaN are the largest.
      largest = i32x4.max_s(largest, i32x4.max_s(magnitudes, others));
      if (!half) {
        v128.store(to, even);
        v128.store(to, odd, 16);
      } else {
        v128.store(to, f32x4.mul(magnitudes, scale));
        v128.store(to, f32x4.mul(others, scale), 16);
        // Narrowed with saturation, the bits of a negative float become 0x8000, and those of a positive one a number without the sign
        // bit.
        v128.store(to, v128.andnot(signs, i16x8.narrow_i32x4_s(a, b)), 32);
      }
    }
    if (end === last) break;
    from = padded(from, rest << 2);
    end += step;
  }
  largest = i32x4.max_s(largest, v128.shuffle<u32>(largest, largest, 2, 3, 0, 1));
  largest = i32x4.max_s(largest, v128.shuffle<u32>(largest, largest, 1, 0, 3, 2));
  // A NaN stays.
  call.largestWeight = max(call.largestWeight, <f64>f32x4.extract_lane(largest, 0));
}
