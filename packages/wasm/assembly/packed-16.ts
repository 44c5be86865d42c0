// Weights as the loops of finite-rows-16.ts take them: eight features are two vectors, those at even places and those at
// odd ones. For float16 the vectors hold magnitudes times 2^-47, and a third one holds the eight signs.

import { ABSOLUTE, constant, SCALE, SIGNS } from './finite-16';
import { gamma, groups, size, weightOffset } from './problem';
import { PIECE, weightsOf } from './weights';

/** The group whose weights are packed, 0 where those of all groups are, or none. */
let packed: u32 = -1;

export function forgetPacked(): void {
  packed = -1;
}

/** Bytes of eight features. */
// @ts-ignore: decorator
@inline
function eightBytes<T>(): usize {
  return isSigned<T>() ? 32 : 48;
}

/** How many groups are packed at once: all, unless they are too many, which are packed again for each row. */
function together(groups: u32, size: u32, weightOffset: f64): u32 {
  return groups * size <= (weightOffset !== 0 ? PIECE : 3 * PIECE) ? groups : 1;
}

export function packedBytes(groups: u32, size: u32, weightOffset: f64): u32 {
  return together(groups, size, weightOffset) * (size >> 3) * 48;
}

/** Whether those of all groups are packed at once. */
export function packedTogether(): bool {
  return together(groups, size, weightOffset) === groups;
}

/** The packed weights of a group's first features, a multiple of eight; at `table`, where they stay until `forgetPacked`. */
export function packedOf<T>(group: u32, table: usize): usize {
  const bytes = <usize>(size >> 3) * eightBytes<T>();
  if (!gamma) group = 0;
  const all = packedTogether();
  const first = all ? 0 : group;
  if (packed !== first) {
    packed = first;
    const count: u32 = all && gamma ? groups : 1;
    for (let g: u32 = 0; g < count; g++) pack<T>(weightsOf((first + g) * size, size), table + g * bytes, bytes);
  }
  return all ? table + group * bytes : table;
}

function pack<T>(from: usize, to: usize, bytes: usize): void {
  const signs = constant(SIGNS);
  const absolute = constant(ABSOLUTE);
  const scale = constant(SCALE);
  for (const end = to + bytes; to < end; from += 32, to += eightBytes<T>()) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const even = v128.shuffle<u32>(a, b, 0, 2, 4, 6);
    const odd = v128.shuffle<u32>(a, b, 1, 3, 5, 7);
    if (isSigned<T>()) {
      v128.store(to, even);
      v128.store(to, odd, 16);
    } else {
      v128.store(to, f32x4.mul(v128.and(even, absolute), scale));
      v128.store(to, f32x4.mul(v128.and(odd, absolute), scale), 16);
      // A negative float is a number that saturates at 0x8000; what is left of a positive one has no sign bit.
      v128.store(to, v128.andnot(signs, i16x8.narrow_i32x4_s(a, b)), 32);
    }
  }
}
