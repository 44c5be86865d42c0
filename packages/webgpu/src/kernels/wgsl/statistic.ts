import { unreachable } from '../../unreachable.ts';
import type { KernelProblem } from '../problem.ts';
import { wgsl } from './template.ts';

// A row's sum of squares becomes r, and r multiplies x.

/** The statistic of a row, or of as many as an invocation has elements of. */
export const STATISTIC: string = wgsl`
  // r as a number of float32's normal range, and a power of two by which x is multiplied first.
  struct Statistic { r: RowValues, power: RowInts }

  // Powers that say that there is no such r:
  const NAN_ROW = 1 << 20;
  const INFINITE_ROW = 1 << 21; // r = 0, as an infinity is in the row
  const ZERO_ROW = 1 << 22; // r is infinite, as the denominator is 0
  const LEAST_SPECIAL = NAN_ROW;

  const MAGNITUDE_BITS = 0x7fffffffu;
  const INFINITY_BITS = 0x7f800000u;
  const MIN_NORMAL_BITS = 0x00800000u;

  fn power_of_two(power: RowInts) -> RowValues {
    return bitcast<RowValues>((clamp(power, RowInts(-126), RowInts(127)) + RowInts(127)) << RowBits(23u));
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
 * A row that is not plain is summed again, scaled: the sum is then of the squares of x * 2^-power. The power is
 * `scaling_power(largest)`, where `largest` has the bits of the row's largest magnitude, so that the scaled denominator lies
 * between 1 and four times the row's length.
 */
const SCALED_STATISTIC = wgsl`
  fn scaling_power(largest: RowBits) -> RowInts {
    return clamp(max(RowInts(largest >> RowBits(23u)) - RowInts(127), RowInts(params.eps_power)), RowInts(-126), RowInts(126));
  }

  fn scaled_eps(power: RowInts) -> RowValues {
    let shift = max(RowInts(params.eps_power) - power, RowInts(-64));
    return select(RowValues(params.eps_mantissa) * power_of_two(2 * shift), RowValues(0.0), shift == RowInts(-64));
  }

  // (mantissa + low) * 2^exponent over the root of the denominator.
  fn scaled_statistic(largest: RowBits, scaled: RowValues, power: RowInts, mantissa: f32, low: f32, exponent: i32) -> Statistic {
    var r = times_inverse_root(scaled_denominator(scaled, power), mantissa, low);
    // |r| becomes 1 to 2 where x is to grow, 1/2 to 1 where it is to shrink: no product on the way leaves the range of the last.
    var r_power = RowInts((bitcast<RowBits>(r) >> RowBits(23u)) & RowBits(255u)) - RowInts(127);
    r_power = select(r_power, RowInts(0), r == RowValues(0.0));
    var e = RowInts(exponent) - power + r_power;
    let shrinks = e < RowInts(0);
    r_power += select(RowInts(0), RowInts(1), shrinks);
    e += select(RowInts(0), RowInts(1), shrinks);
    r *= power_of_two(-r_power);
    e = clamp(e, RowInts(-252), RowInts(252));
    e = select(e, RowInts(select(ZERO_ROW, NAN_ROW, mantissa == 0.0)), (largest < RowBits(MIN_NORMAL_BITS)) & RowBools(params.eps_mantissa == 0.0));
    e = select(e, RowInts(INFINITE_ROW), largest == RowBits(INFINITY_BITS));
    e = select(e, RowInts(NAN_ROW), largest > RowBits(INFINITY_BITS));
    // The sign of r is all that is left of it.
    return Statistic(select(r, RowValues(mantissa), e >= RowInts(LEAST_SPECIAL)), e);
  }

  // r itself, for rstd.
  fn value_of(s: Statistic) -> RowValues {
    let half = s.power / 2;
    var value = s.r * power_of_two(half) * power_of_two(s.power - half);
    value = select(value, RowValues(0.0), s.power == RowInts(INFINITE_ROW));
    value = select(value, bitcast<RowValues>(RowBits(params.infinity_bits)), s.power == RowInts(ZERO_ROW));
    return select(value, bitcast<RowValues>(RowBits(params.nan_bits)), s.power == RowInts(NAN_ROW));
  }
`;

export const TIMES_R: string = wgsl`
  // v * r, whatever r is. Beside an infinite r a zero stays a zero; beside r = 0 the infinity of its row becomes a NaN.
  fn times_scaled_r(v: Elements, s: Statistic) -> Elements {
    let half = s.power / 2;
    var product = v * power_of_two(half) * power_of_two(s.power - half) * s.r;
    let bits = bitcast<ElementBits>(v);
    let magnitude = bits & ElementBits(MAGNITUDE_BITS);
    let signed = bits ^ (ElementBits(bitcast<RowBits>(s.r)) & ElementBits(0x80000000u));
    let zero = bitcast<Elements>(signed & ElementBits(0x80000000u));
    let infinite = bitcast<Elements>((signed & ElementBits(0x80000000u)) | ElementBits(params.infinity_bits));
    let nan = bitcast<Elements>(ElementBits(params.nan_bits));
    product = select(product, select(zero, nan, magnitude >= ElementBits(INFINITY_BITS)), s.power == RowInts(INFINITE_ROW));
    var at_zero = select(infinite, zero, magnitude < ElementBits(MIN_NORMAL_BITS));
    at_zero = select(at_zero, nan, magnitude > ElementBits(INFINITY_BITS));
    product = select(product, at_zero, s.power == RowInts(ZERO_ROW));
    return select(product, nan, s.power == RowInts(NAN_ROW));
  }

  // The same, faster where no power is set.
  fn times_r(v: Elements, s: Statistic) -> Elements {
    if (all(s.power == RowInts(0))) { return v * s.r; }
    return times_scaled_r(v, s);
  }
`;

export const STATISTIC_OF_RSTD: string = wgsl`
  // From rstd as it is given, any number.
  fn statistic_of_rstd(r: RowValues) -> Statistic {
    let magnitude = bitcast<RowBits>(r) & RowBits(MAGNITUDE_BITS);
    var e = select(RowInts(0), RowInts(INFINITE_ROW), magnitude < RowBits(MIN_NORMAL_BITS));
    e = select(e, RowInts(ZERO_ROW), magnitude == RowBits(INFINITY_BITS));
    return Statistic(r, select(e, RowInts(NAN_ROW), magnitude > RowBits(INFINITY_BITS)));
  }
`;

const PLAIN_RSTD = wgsl`
  fn plain_rstd(sum: RowValues) -> RowValues {
    return times_inverse_root(plain_denominator(sum), params.rstd_mantissa, params.rstd_mantissa_low) * power_of_two(RowInts(params.rstd_power));
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

  fn scaled_denominator(scaled: RowValues, power: RowInts) -> RowValues {
    let eps = scaled_eps(power);
    return select(scaled + eps, max(scaled, eps), params.eps_clamps != 0u);
  }
`;

/** The statistic from sums of squares; and rstd, where it is written. */
export function statisticOfSums(problem: KernelProblem, rstd = false): string {
  return wgsl`
    ${PLAIN_STATISTIC}
    ${SCALED_STATISTIC}
    ${denominators(problem)}
    ${rstd && PLAIN_RSTD}
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
