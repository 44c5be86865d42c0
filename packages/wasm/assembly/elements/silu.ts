// x * silu(z), silu(z) = z / (1 + exp(-z)) = z * e / (1 + e) with e = exp(z) where z is negative.
//
// exp by Cody and Waite's reduction: e = 2^n * exp(f), |f| <= ln(2) / 2, ln(2) in two parts of which the first times n
// is exact; exp(f) = 1 + f + f^2 * q(f), q a minimax polynomial (relative error of exp(f) below 2^-28). Only exp(-|z|)
// is formed, so that nothing overflows.
//
// exp(f) - 1 is float32; the five steps behind it are float64, rounded once: each would add half an ulp, and where the gate
// comes first the statistic, too, has the error of the largest element. In float32 throughout rows of two erred by 6.4 ulp.

import { call } from '../call';
import { loadPart, storePart } from './partial';
import { TAIL } from './spill';

const CONSTANTS = memory.data<f32>([
  1.4426950408889634, // log2(e)
  12582912, // 1.5 * 2^23: adding it leaves n in the low bits
  0.693359375, // ln(2)
  -2.12194440054690583e-4,
  0.4999999403953552,
  0.1666652113199234,
  0.04166838899254799,
  0.00836874544620514,
  0.0013814539415761828,
  -300, // -300 * exp(-300) times any float32 is 0 in float32
  -0.0,
]);

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
  const least = constant(9);
  const sign = constant(10);
  // Two vectors before the first store: V8 then mixes their chains of dependent operations, which are what takes the time.
  for (; count >= 8; count -= 8, x += 32, z += 32, to += 32) {
    const a = timesSilu(v128.load(x), v128.load(z), scale, magic, ln2, ln2Low, q0, q1, q2, q3, q4, least, sign);
    const b = timesSilu(v128.load(x, 16), v128.load(z, 16), scale, magic, ln2, ln2Low, q0, q1, q2, q3, q4, least, sign);
    v128.store(to, a);
    v128.store(to, b, 16);
  }
  for (; count >= 4; count -= 4, x += 16, z += 16, to += 16) {
    v128.store(to, timesSilu(v128.load(x), v128.load(z), scale, magic, ln2, ln2Low, q0, q1, q2, q3, q4, least, sign));
  }
  if (count === 0) return;
  // The last 1 to 3 elements.
  const tail = call.scratch + TAIL;
  v128.store(tail, loadPart(x, count));
  v128.store(tail, loadPart(z, count), 16);
  multiplySilu(tail, tail + 16, tail, 4);
  storePart(to, v128.load(tail), count);
}

// @ts-ignore: decorator
@inline
function timesSilu(
  v: v128,
  g: v128,
  scale: v128,
  magic: v128,
  ln2: v128,
  ln2Low: v128,
  q0: v128,
  q1: v128,
  q2: v128,
  q3: v128,
  q4: v128,
  least: v128,
  sign: v128,
): v128 {
  // -|z|; pmax keeps a NaN that comes first.
  const a = f32x4.pmax(v128.or(g, sign), least);
  const shifted = f32x4.add(f32x4.mul(a, scale), magic);
  const n = f32x4.sub(shifted, magic);
  const f = f32x4.sub(f32x4.sub(a, f32x4.mul(n, ln2)), f32x4.mul(n, ln2Low));
  // Two halves of the polynomial at once.
  const squared = f32x4.mul(f, f);
  const upper = f32x4.add(f32x4.mul(q4, squared), f32x4.add(f32x4.mul(q3, f), q2));
  const q = f32x4.add(f32x4.mul(upper, squared), f32x4.add(f32x4.mul(q1, f), q0));
  const rest = f32x4.add(f32x4.mul(squared, q), f);
  const exponent = i32x4.sub(shifted, magic);
  return v128.shuffle<f32>(
    twoTimesSilu(v, g, a, rest, i64x2.extend_low_i32x4_s(exponent)),
    twoTimesSilu(upperHalf(v), upperHalf(g), upperHalf(a), upperHalf(rest), i64x2.extend_high_i32x4_s(exponent)),
    0, 1, 4, 5,
  );
}

// @ts-ignore: decorator
@inline
function upperHalf(v: v128): v128 {
  return v128.shuffle<f64>(v, v, 1, 1);
}

/** The lower two of four floats: v * silu(g), a being -|g| and exp(a) = 2^exponent * (1 + rest). */
// @ts-ignore: decorator
@inline
function twoTimesSilu(v: v128, g: v128, a: v128, rest: v128, exponent: v128): v128 {
  const one = f64x2.splat(1);
  const e = i64x2.add(f64x2.add(f64x2.promote_low_f32x4(rest), one), i64x2.shl(exponent, 52));
  const negative = f64x2.mul(f64x2.promote_low_f32x4(a), e);
  // g where it is positive: `negative` is not. Else `negative`, which is nearer to 0. A NaN stays.
  const top = f64x2.pmax(f64x2.promote_low_f32x4(g), negative);
  return f32x4.demote_f64x2_zero(f64x2.div(f64x2.mul(f64x2.promote_low_f32x4(v), top), f64x2.add(one, e)));
}
