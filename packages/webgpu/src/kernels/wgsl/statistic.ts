import { unreachable } from '../../unreachable.ts';
import type { KernelProblem } from '../problem.ts';
import { wgsl } from './template.ts';

// A row's sum of squares becomes r, and r multiplies x.

/** The statistic of a row, or of as many as an invocation has elements of. */
export const STATISTIC: string = wgsl`
  // x is first multiplied by 2^exponent, then by r, which is in float32's normal range.
  struct Statistic { r: RowValues, exponent: RowInts }

  // Exponents that say that there is no such r:
  const R_IS_NAN = 1 << 20;
  const R_IS_ZERO = 1 << 21; // as where an infinity is in the row
  const R_IS_INFINITE = 1 << 22; // as where the denominator is 0
  const LEAST_SPECIAL = R_IS_NAN;

  const MAGNITUDE_BITS = 0x7fffffffu;
  const INFINITY_BITS = 0x7f800000u;
  const MIN_NORMAL_BITS = 0x00800000u;

  fn power_of_two(exponent: RowInts) -> RowValues {
    return bitcast<RowValues>((clamp(exponent, RowInts(-126), RowInts(127)) + RowInts(127)) << RowBits(23u));
  }
`;

const PLAIN_STATISTIC = wgsl`
  // (high + low) / sqrt(d). inverseSqrt may err by 2 ulp: one Newton step, whose residual 1 - d q^2 is formed from the
  // product d q and what its rounding lost, and whose result is rounded once, with the constant.
  fn times_inverse_root(d: RowValues, high: f32, low: f32) -> RowValues {
    let q = inverseSqrt(d);
    let t = d * q;
    let residual = fma(-t, q, RowValues(1.0)) - fma(d, q, -t) * q;
    let c = 0.5 * residual * q;
    return fma(RowValues(high), q, fma(RowValues(high), c, low * q));
  }

  // Whether no square overflowed or vanished; by the sum's bits, of which a NaN's are the largest.
  fn is_plain(sum: RowValues) -> RowBools {
    let bits = bitcast<RowBits>(sum);
    return (bits >= RowBits(params.plain_lowest)) & (bits <= RowBits(params.plain_highest));
  }

  fn plain_r(sum: RowValues) -> RowValues {
    return times_inverse_root(plain_denominator(sum), params.factor, params.factor_low);
  }
`;

/**
 * A row that is not plain is summed again, scaled: the sum is then of the squares of x * 2^-scaling, with
 * scaling = `scaling_exponent(largest)`, where `largest` has the bits of the row's largest magnitude. So the scaled
 * denominator lies between 1 and four times the row's length.
 */
const SCALED_STATISTIC = wgsl`
  fn scaling_exponent(largest: RowBits) -> RowInts {
    return clamp(max(RowInts(largest >> RowBits(23u)) - RowInts(127), RowInts(params.eps_exponent)), RowInts(-126), RowInts(126));
  }

  fn scaled_eps(scaling: RowInts) -> RowValues {
    let shift = max(RowInts(params.eps_exponent) - scaling, RowInts(-64));
    return select(RowValues(params.eps_mantissa) * power_of_two(2 * shift), RowValues(0.0), shift == RowInts(-64));
  }

  // (mantissa + low) * 2^exponent over the root of the denominator.
  fn scaled_statistic(largest: RowBits, scaled: RowValues, scaling: RowInts, mantissa: f32, low: f32, exponent: i32) -> Statistic {
    var r = times_inverse_root(scaled_denominator(scaled, scaling), mantissa, low);
    // x is multiplied by two powers of two, then by r. r is normalized so that no intermediate product overflows or
    // underflows unless the result does: |r| is from 1 to 2 where x grows, from 1/2 to 1 where it shrinks.
    var r_exponent = RowInts((bitcast<RowBits>(r) >> RowBits(23u)) & RowBits(255u)) - RowInts(127);
    r_exponent = select(r_exponent, RowInts(0), r == RowValues(0.0));
    var e = RowInts(exponent) - scaling + r_exponent;
    let shrinks = e < RowInts(0);
    r_exponent += select(RowInts(0), RowInts(1), shrinks);
    e += select(RowInts(0), RowInts(1), shrinks);
    r *= power_of_two(-r_exponent);
    e = clamp(e, RowInts(-252), RowInts(252));
    e = select(e, RowInts(select(R_IS_INFINITE, R_IS_NAN, mantissa == 0.0)), (largest < RowBits(MIN_NORMAL_BITS)) & RowBools(params.eps_mantissa == 0.0));
    e = select(e, RowInts(R_IS_ZERO), largest == RowBits(INFINITY_BITS));
    e = select(e, RowInts(R_IS_NAN), largest > RowBits(INFINITY_BITS));
    // In special cases only the sign of r counts.
    return Statistic(select(r, RowValues(mantissa), e >= RowInts(LEAST_SPECIAL)), e);
  }

  // r itself, for rstd.
  fn value_of(s: Statistic) -> RowValues {
    let half_exponent = s.exponent / 2;
    var value = s.r * power_of_two(half_exponent) * power_of_two(s.exponent - half_exponent);
    value = select(value, RowValues(0.0), s.exponent == RowInts(R_IS_ZERO));
    value = select(value, bitcast<RowValues>(RowBits(params.infinity_bits)), s.exponent == RowInts(R_IS_INFINITE));
    return select(value, bitcast<RowValues>(RowBits(params.nan_bits)), s.exponent == RowInts(R_IS_NAN));
  }
`;

export const TIMES_R: string = wgsl`
  // v * r, whatever r is. Beside an infinite r a zero stays a zero; beside r = 0 the infinity of its row becomes a NaN.
  fn times_scaled_r(v: Elements, s: Statistic) -> Elements {
    let half_exponent = s.exponent / 2;
    var product = v * power_of_two(half_exponent) * power_of_two(s.exponent - half_exponent) * s.r;
    let bits = bitcast<ElementBits>(v);
    let magnitude = bits & ElementBits(MAGNITUDE_BITS);
    let signed = bits ^ (ElementBits(bitcast<RowBits>(s.r)) & ElementBits(0x80000000u));
    let zero = bitcast<Elements>(signed & ElementBits(0x80000000u));
    let infinite = bitcast<Elements>((signed & ElementBits(0x80000000u)) | ElementBits(params.infinity_bits));
    let nan = bitcast<Elements>(ElementBits(params.nan_bits));
    product = select(product, select(zero, nan, magnitude >= ElementBits(INFINITY_BITS)), s.exponent == RowInts(R_IS_ZERO));
    var at_zero = select(infinite, zero, magnitude < ElementBits(MIN_NORMAL_BITS));
    at_zero = select(at_zero, nan, magnitude > ElementBits(INFINITY_BITS));
    product = select(product, at_zero, s.exponent == RowInts(R_IS_INFINITE));
    return select(product, nan, s.exponent == RowInts(R_IS_NAN));
  }

  // The same, faster where the exponent is 0.
  fn times_r(v: Elements, s: Statistic) -> Elements {
    if (all(s.exponent == RowInts(0))) { return v * s.r; }
    return times_scaled_r(v, s);
  }
`;

export const STATISTIC_OF_RSTD: string = wgsl`
  // From rstd as it is given, any number.
  fn statistic_of_rstd(r: RowValues) -> Statistic {
    let magnitude = bitcast<RowBits>(r) & RowBits(MAGNITUDE_BITS);
    var e = select(RowInts(0), RowInts(R_IS_ZERO), magnitude < RowBits(MIN_NORMAL_BITS));
    e = select(e, RowInts(R_IS_INFINITE), magnitude == RowBits(INFINITY_BITS));
    return Statistic(r, select(e, RowInts(R_IS_NAN), magnitude > RowBits(INFINITY_BITS)));
  }
`;

const PLAIN_RSTD = wgsl`
  fn plain_rstd(sum: RowValues) -> RowValues {
    return times_inverse_root(plain_denominator(sum), params.rstd_mantissa, params.rstd_mantissa_low) * power_of_two(RowInts(params.rstd_exponent));
  }
`;

/** What stands under the root, from a plain sum and from a scaled one. */
function denominators({ epsMode }: KernelProblem): string {
  switch (epsMode) {
    case 'add':
    case 'clamp':
      // One text for both: parameters say which it is.
      return ADDED_OR_CLAMPED;
    default:
      return unreachable(epsMode);
  }
}

const ADDED_OR_CLAMPED = wgsl`
  fn plain_denominator(sum: RowValues) -> RowValues {
    return max(sum + RowValues(params.eps_added), RowValues(params.eps_least));
  }

  fn scaled_denominator(scaled: RowValues, scaling: RowInts) -> RowValues {
    let eps = scaled_eps(scaling);
    return select(scaled + eps, max(scaled, eps), params.eps_clamps != 0u);
  }
`;

/** How rstd changes with its row, from a plain sum and from a scaled one. */
function slopeFactors({ epsMode }: KernelProblem): string {
  switch (epsMode) {
    case 'add':
    case 'clamp':
      return ONE_UNLESS_CLAMPED;
    default:
      return unreachable(epsMode);
  }
}

const ONE_UNLESS_CLAMPED = wgsl`
  // f in d rstd/dx = -f rstd^3 x / stat_size: 1, or 0 where eps is the denominator, as r is a constant there.
  fn slope_factor(eps_is_more: RowBools) -> RowValues {
    return select(RowValues(1.0), RowValues(), eps_is_more & RowBools(params.eps_clamps != 0u));
  }

  fn plain_slope_factor(sum: RowValues) -> RowValues { return slope_factor(sum <= RowValues(params.eps_least)); }

  fn scaled_slope_factor(scaled: RowValues, scaling: RowInts) -> RowValues { return slope_factor(scaled <= scaled_eps(scaling)); }
`;

/** Whether the slope factor depends on the row's sum of squares. Else it is 1. */
export function slopeNeedsSum({ epsMode }: KernelProblem): boolean {
  switch (epsMode) {
    case 'add':
      return false;
    case 'clamp':
      return true;
    default:
      return unreachable(epsMode);
  }
}

/** What a shader needs of a row beside r. */
export interface StatisticUses {
  /** rstd, which is written. */
  readonly rstd?: boolean;
  /** The factor of rstd's slope, for a gradient. */
  readonly slope?: boolean;
}

/** The statistic from sums of squares. */
export function statisticOfSums(problem: KernelProblem, { rstd = false, slope = false }: StatisticUses = {}): string {
  return wgsl`
    ${PLAIN_STATISTIC}
    ${SCALED_STATISTIC}
    ${denominators(problem)}
    ${rstd && PLAIN_RSTD}
    ${slope && slopeFactors(problem)}
  `;
}

/** What of a problem its shaders depend on, in their keys. */
export function problemKey({ dtype, epsMode }: KernelProblem): string {
  switch (epsMode) {
    case 'add':
    case 'clamp':
      return dtype;
    default:
      return unreachable(epsMode);
  }
}
