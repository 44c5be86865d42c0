import { wgsl } from './template.ts';

/**
 * `times_silu(x, z)`: x * silu(z), silu(z) = z / (1 + exp(-z)) = z * e / (1 + e) with e = exp(z) where z is negative.
 *
 * exp by Cody and Waite's reduction: e = 2^n * exp(f), |f| <= ln(2) / 2, ln(2) in two parts of which the first times n is
 * exact; exp(f) = 1 + f + f^2 * q(f), q a minimax polynomial (relative error of exp(f) below 2^-28). Only exp(-|z|) is
 * formed, so that nothing overflows, and it is 2^48 times as large until it has been multiplied by z: z * exp(z) stays
 * accurate down to the least normal number. WGSL's own exp may err by 3 + 2 |z| ulp.
 */
export const SILU: string = wgsl`
  fn times_silu(x: Elements, z: Elements) -> Elements {
    let bits = bitcast<ElementBits>(z);
    let a = max(-abs(z), Elements(-110.0));
    let n = round(a * 1.4426950408889634);
    let f = fma(n, Elements(2.12194440054690583e-4), fma(n, Elements(-0.693359375), a));
    var q = fma(Elements(0.0013814539415761828), f, Elements(0.00836874544620514));
    q = fma(q, f, Elements(0.04166838899254799));
    q = fma(q, f, Elements(0.1666652113199234));
    q = fma(q, f, Elements(0.4999999403953552));
    let e = fma(f * f, q, f) + Elements(1.0);
    let large = bitcast<Elements>(bitcast<ElementInts>(e) + ((ElementInts(n) + ElementInts(48)) << ElementBits(23u)));
    let negative = a * large * 3.552713678800501e-15;
    let top = select(z, negative, (bits >> ElementBits(31u)) == ElementBits(1u));
    let product = x * (top / (Elements(1.0) + large * 3.552713678800501e-15));
    return select(product, bitcast<Elements>(ElementBits(params.nan_bits)), (bits & ElementBits(0x7fffffffu)) > ElementBits(0x7f800000u));
  }
`;
