// x * silu(z), silu(z) = z / (1 + exp(-z)) = z * e / (1 + e) with e = exp(z) where z is negative.
//
// exp by Cody and Waite's reduction: e = 2^n * exp(f), |f| <= ln(2) / 2, ln(2) in two parts of which the first times n
// is exact; exp(f) = 1 + f + f^2 * q(f), q a minimax polynomial (relative error of exp(f) below 2^-28). Only exp(-|z|)
// is formed, so that nothing overflows, and 2^n is multiplied in two steps, the second after z: z * exp(z) stays
// accurate down to the least normal number, and vanishes at -infinity, its limit.

import { Float32 } from './dtype';
import { loadPart, storePart } from './lanes';

const CONSTANTS = memory.data<f32>([
  -1.4426950408889634, // -log2(e)
  12582912, // 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits
  0.693359375, // ln(2)
  -2.12194440054690583e-4,
  0.4999999403953552,
  0.1666652113199234,
  0.04166838899254799,
  0.00836874544620514,
  0.0013814539415761828,
  1,
  110, // 110 * exp(-110) is 0 in float32
]);
const LEAST_POWER: i32 = -100;

// @ts-ignore: decorator
@inline
function constant(index: usize): v128 {
  return v128.load32_splat(CONSTANTS + (index << 2));
}

// @ts-ignore: decorator
@inline
function timesSilu(x: v128, z: v128): v128 {
  const bound = constant(10);
  const magic = constant(1);
  const a = f32x4.min(f32x4.abs(z), bound);
  const shifted = f32x4.add(f32x4.mul(a, constant(0)), magic);
  const t = f32x4.sub(shifted, magic);
  const f = f32x4.sub(f32x4.neg(f32x4.add(a, f32x4.mul(t, constant(2)))), f32x4.mul(t, constant(3)));
  let q = f32x4.add(f32x4.mul(constant(8), f), constant(7));
  q = f32x4.add(f32x4.mul(q, f), constant(6));
  q = f32x4.add(f32x4.mul(q, f), constant(5));
  q = f32x4.add(f32x4.mul(q, f), constant(4));
  const one = constant(9);
  const mantissa = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(f, f), q), f), one);
  const n = i32x4.sub(shifted, magic);
  const first = i32x4.max_s(n, i32x4.splat(LEAST_POWER));
  const e = i32x4.add(mantissa, i32x4.shl(first, 23));
  const rest = i32x4.add(i32x4.shl(i32x4.sub(n, first), 23), one);
  const below = f32x4.mul(f32x4.mul(f32x4.max(z, f32x4.neg(bound)), e), rest);
  const top = v128.bitselect(below, z, i32x4.shr_s(z, 31));
  return f32x4.mul(x, f32x4.div(top, f32x4.add(one, e)));
}

/** to = x * silu(z); `to` may be either. */
export function multiplySilu(x: usize, z: usize, to: usize, count: u32): void {
  for (const end = to + (<usize>(count & ~3) << 2); to < end; x += 16, z += 16, to += 16) {
    v128.store(to, timesSilu(v128.load(x), v128.load(z)));
  }
  const part = count & 3;
  if (part) storePart<Float32>(to, timesSilu(loadPart<Float32>(x, part), loadPart<Float32>(z, part)), part);
}
