// Weights as the loops of scale.ts take them. Eight features are two vectors, those at even places and those at
// odd ones; for float16 as magnitudes times 2^-47, and a third vector holds the eight signs.

import { call } from '../call';
import { DType } from '../descriptor';
import { padded } from '../elements/spill';
import { PIECE, weightsOf } from '../weights';
import { ABSOLUTE, constant, SCALE, SIGNS } from './constants';

/** No group is packed. */
const NONE: u32 = -1;

export function forgetPacked(): void {
  call.packedGroup = NONE;
}

/** Bytes of eight features. */
function eightBytes(): usize {
  return call.dtype === DType.float16 ? 48 : 32;
}

/** Whether all groups are packed at once, or each again for each of its rows: there are too many weights. */
function fit(): bool {
  return <u64>call.groups * ((call.size + 15) & ~15) <= (call.weightOffset !== 0 ? PIECE : 3 * PIECE);
}

export function packedBytes(): u32 {
  return (fit() ? call.groups : 1) * ((call.size + 15) >> 4) * 96;
}

/** How many groups the weights have, of which `packedOf` packs one or all. */
export function packedGroups(): u32 {
  return call.gamma && fit() ? call.groups : 1;
}

/**
 * The packed weights of a group, filled up with zeros to a multiple of 16; at `table`, where they stay until `forgetPacked`. Sets
 * `largestWeight` to the largest magnitude of what is packed: a NaN if there is one.
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
  for (let rest = size & 7; ; rest = 0) {
    for (; to < end; from += 32, to += step) {
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const even = v128.shuffle<u32>(a, b, 0, 2, 4, 6);
      const odd = v128.shuffle<u32>(a, b, 1, 3, 5, 7);
      const magnitudes = v128.and(even, absolute);
      const others = v128.and(odd, absolute);
      // As integers, magnitudes have the same order, and NaNs are the largest.
      largest = i32x4.max_s(largest, i32x4.max_s(magnitudes, others));
      if (!half) {
        v128.store(to, even);
        v128.store(to, odd, 16);
      } else {
        v128.store(to, f32x4.mul(magnitudes, scale));
        v128.store(to, f32x4.mul(others, scale), 16);
        // A negative float is a number that saturates at 0x8000; what is left of a positive one has no sign bit.
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
