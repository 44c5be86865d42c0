// Sums of squares along contiguous rows of float16 or bfloat16.
//
// Accuracy: these squares are exact in float32, so eight of them are added there with as many roundings (3 of 2^-24) as four squares of
// float32 numbers, see rows/sum.ts. The order of additions depends only on the number of elements.

import { call } from '../call';
import { DType } from '../descriptor';
import { BFloat16, Float16, isBFloat16 } from '../elements/generic';
import { readable } from '../elements/spill';
import { promoteHigh } from '../rows/sum';
import { constant, FROM_EVEN, FROM_ODD, MAGNITUDES, ODD, REBIAS } from './constants';
import { evenBFloat16 } from './finite';

/** A mask: loaded `n` 16-bit lanes before the middle, it keeps the first `n` lanes. */
const FIRST = memory.data<u64>([-1, -1, 0, 0]);

/** A float16 row with a NaN or an infinity has at least this sum, as they are taken for numbers from 65536 on. */
export const SPECIAL: f64 = 4294967296;

/** The squares of eight elements, added in pairs. */
// @ts-ignore: decorator
@inline
function squares<T>(eight: v128, mask: v128, fromEven: v128, fromOdd: v128, rebias: v128): v128 {
  const v = v128.and(eight, mask);
  let even: v128;
  let odd: v128;
  if (isBFloat16<T>()) {
    even = evenBFloat16(eight);
    odd = v;
  } else {
    even = f32x4.mul(i32x4.dot_i16x8_s(v, fromEven), rebias);
    odd = f32x4.mul(i32x4.dot_i16x8_s(v, fromOdd), rebias);
  }
  return f32x4.add(f32x4.mul(even, even), f32x4.mul(odd, odd));
}

function sums<T>(p: usize, size: u32, rows: u32, to: usize): void {
  const mask = constant(isBFloat16<T>() ? ODD : MAGNITUDES);
  const fromEven = constant(FROM_EVEN);
  const fromOdd = constant(FROM_ODD);
  const rebias = constant(REBIAS);
  for (const last = to + (<usize>rows << 3); to < last; to += 8) {
    const next = p + (<usize>size << 1);
    let low = i64x2.splat(0);
    let high = i64x2.splat(0);
    for (const end = p + (<usize>(size & ~31) << 1); p < end; p += 64) {
      const a = squares<T>(v128.load(p), mask, fromEven, fromOdd, rebias);
      const b = squares<T>(v128.load(p, 16), mask, fromEven, fromOdd, rebias);
      const c = squares<T>(v128.load(p, 32), mask, fromEven, fromOdd, rebias);
      const d = squares<T>(v128.load(p, 48), mask, fromEven, fromOdd, rebias);
      const sum = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
      low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
      high = f64x2.add(high, promoteHigh(sum));
    }
    for (let left: i32 = size & 31; left > 0; left -= 8, p += 16) {
      const v = left < 8 ? v128.and(v128.load(readable(p, left << 1)), v128.load(FIRST + ((8 - left) << 1))) : v128.load(p);
      const sum = squares<T>(v, mask, fromEven, fromOdd, rebias);
      low = f64x2.add(low, f64x2.promote_low_f32x4(sum));
      high = f64x2.add(high, promoteHigh(sum));
    }
    p = next;
    const both = f64x2.add(low, high);
    store<f64>(to, f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1));
  }
}

/** Writes the float64 sums of `rows` rows of `size` elements from `to` on. */
export function sumRows16(p: usize, size: u32, rows: u32, to: usize): void {
  if (call.dtype === DType.float16) sums<Float16>(p, size, rows, to);
  else sums<BFloat16>(p, size, rows, to);
}
