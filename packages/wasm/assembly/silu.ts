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
  -110,
]);
const LEAST_POWER = memory.data<i32>([-100]);

// @ts-ignore: decorator
@inline
function constant(index: usize): v128 {
  return v128.load32_splat(CONSTANTS + (index << 2));
}

/** to = x * silu(z); `to` may be either. */
export function multiplySilu(x: usize, z: usize, to: usize, count: u32): void {
  // Loaded before the loop, constants stay in registers.
  const scale = constant(0);
  const magic = constant(1);
  const ln2 = constant(2);
  const ln2Low = constant(3);
  const q0 = constant(4);
  const q1 = constant(5);
  const q2 = constant(6);
  const q3 = constant(7);
  const q4 = constant(8);
  const one = constant(9);
  const bound = constant(10);
  const lowest = constant(11);
  const leastPower = v128.load32_splat(LEAST_POWER);
  const end = to + (<usize>count << 2);
  while (to < end) {
    const whole = to + 16 <= end;
    const part = <u32>(end - to) >> 2;
    const v = whole ? v128.load(x) : loadPart<Float32>(x, part);
    const g = whole ? v128.load(z) : loadPart<Float32>(z, part);
    // pmin and pmax keep a NaN that comes first.
    const a = f32x4.pmin(f32x4.abs(g), bound);
    const shifted = f32x4.add(f32x4.mul(a, scale), magic);
    const t = f32x4.sub(shifted, magic);
    const f = f32x4.neg(f32x4.add(f32x4.add(a, f32x4.mul(t, ln2)), f32x4.mul(t, ln2Low)));
    let q = f32x4.add(f32x4.mul(q4, f), q3);
    q = f32x4.add(f32x4.mul(q, f), q2);
    q = f32x4.add(f32x4.mul(q, f), q1);
    q = f32x4.add(f32x4.mul(q, f), q0);
    const mantissa = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(f, f), q), f), one);
    const n = i32x4.sub(shifted, magic);
    const first = i32x4.max_s(n, leastPower);
    const e = i32x4.add(mantissa, i32x4.shl(first, 23));
    const rest = i32x4.add(i32x4.shl(i32x4.sub(n, first), 23), one);
    const below = f32x4.mul(f32x4.mul(f32x4.pmax(g, lowest), e), rest);
    const top = v128.bitselect(below, g, i32x4.shr_s(g, 31));
    const product = f32x4.mul(v, f32x4.div(top, f32x4.add(one, e)));
    if (whole) v128.store(to, product);
    else storePart<Float32>(to, product, part);
    x += 16;
    z += 16;
    to += 16;
  }
}
