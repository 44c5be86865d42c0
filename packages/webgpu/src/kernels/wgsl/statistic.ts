import { lines } from './template.ts';

// A row's sum of squares becomes r, and r multiplies x. `S` is one row's number, or that of as many rows as an
// invocation handles; `V` the elements, each with a row of its own or all of one.

/** r as a number of float32's normal range and a power of two by which x is multiplied first. */
const STATISTIC = `
struct Statistic { r: S, power: SI }

// Powers that say that there is no such r.
const NAN_ROW = 1 << 20;
const INFINITE_ROW = 1 << 21; // r = 0, as an infinity is in the row
const ZERO_ROW = 1 << 22;     // r is infinite, as the denominator is 0
const LEAST_SPECIAL = NAN_ROW;

const MAGNITUDE = 0x7fffffffu;
const INFINITY = 0x7f800000u;
const MIN_NORMAL = 0x00800000u;`;

/**
 * `root_times(d, high, low)`: (high + low) / sqrt(d). inverseSqrt may err by 2 ulp: one Newton step, whose residual
 * 1 - d q^2 is formed from the product d q and what its rounding lost, and whose result is rounded once, with the constant.
 */
const ROOT_TIMES = `
fn root_times(d: S, high: f32, low: f32) -> S {
  let q = inverseSqrt(d);
  let t = d * q;
  let residual = fma(-t, q, S(1.0)) - fma(d, q, -t) * q;
  let c = 0.5 * residual * q;
  return fma(S(high), q, fma(S(high), c, low * q));
}`;

/** `is_plain(sum)`: whether its squares neither overflowed nor vanished; by its bits, a NaN's being the largest. */
const PLAIN = `
fn is_plain(sum: S) -> SB {
  let bits = bitcast<SU>(sum);
  return (bits >= SU(p.lowest)) & (bits <= SU(p.highest));
}

fn plain_denominator(sum: S) -> S { return max(sum + S(p.added), S(p.least)); }

fn plain_r(sum: S) -> S { return root_times(plain_denominator(sum), p.factor, p.factor_low); }`;

/**
 * Of a row that is not plain: `top` are the bits of the largest magnitude, `scaled` the sum of squares of x * 2^-power,
 * power = `power_of(top)`, so that the scaled denominator lies between 1 and four times the row's length.
 */
const SCALED = `
fn power_of_two(power: SI) -> S { return bitcast<S>((clamp(power, SI(-126), SI(127)) + SI(127)) << SU(23u)); }

fn power_of(top: SU) -> SI {
  return clamp(max(SI(top >> SU(23u)) - SI(127), SI(p.eps_power)), SI(-126), SI(126));
}

fn scaled_eps(power: SI) -> S {
  let shift = max(SI(p.eps_power) - power, SI(-64));
  return select(S(p.eps_mantissa) * power_of_two(2 * shift), S(0.0), shift == SI(-64));
}

fn scaled_denominator(scaled: S, power: SI) -> S {
  let eps = scaled_eps(power);
  return select(scaled + eps, max(scaled, eps), p.clamp != 0u);
}

fn scaled_statistic(top: SU, scaled: S, power: SI, mantissa: f32, low: f32, exponent: i32) -> Statistic {
  var r = root_times(scaled_denominator(scaled, power), mantissa, low);
  // |r| in [1, 2) where x is to grow, in [1/2, 1) where it is to shrink: no product on the way leaves the range of the last.
  var own = SI((bitcast<SU>(r) >> SU(23u)) & SU(255u)) - SI(127);
  own = select(own, SI(0), r == S(0.0));
  var e = SI(exponent) - power + own;
  let shrinks = e < SI(0);
  own += select(SI(0), SI(1), shrinks);
  e += select(SI(0), SI(1), shrinks);
  r *= power_of_two(-own);
  e = clamp(e, SI(-252), SI(252));
  e = select(e, SI(select(ZERO_ROW, NAN_ROW, mantissa == 0.0)), (top < SU(MIN_NORMAL)) & SB(p.eps_mantissa == 0.0));
  e = select(e, SI(INFINITE_ROW), top == SU(INFINITY));
  e = select(e, SI(NAN_ROW), top > SU(INFINITY));
  // The sign of r is all that is left of it.
  return Statistic(select(r, S(mantissa), e >= SI(LEAST_SPECIAL)), e);
}

// r itself, for rstd.
fn value_of(s: Statistic) -> S {
  let half = s.power / 2;
  var value = s.r * power_of_two(half) * power_of_two(s.power - half);
  value = select(value, S(0.0), s.power == SI(INFINITE_ROW));
  value = select(value, bitcast<S>(SU(p.infinity)), s.power == SI(ZERO_ROW));
  return select(value, bitcast<S>(SU(p.nan)), s.power == SI(NAN_ROW));
}`;

/** `scaled_product(v, s)`: v * r; a zero stays a zero beside an infinite r, and an infinity in its row becomes a NaN. */
const SCALED_PRODUCT = `
fn scaled_product(v: V, s: Statistic) -> V {
  let half = s.power / 2;
  var product = v * power_of_two(half) * power_of_two(s.power - half) * s.r;
  let bits = bitcast<U>(v);
  let magnitude = bits & U(MAGNITUDE);
  let signed = bits ^ (U(bitcast<SU>(s.r)) & U(0x80000000u));
  let zero = bitcast<V>(signed & U(0x80000000u));
  let infinite = bitcast<V>((signed & U(0x80000000u)) | U(p.infinity));
  let nan = bitcast<V>(U(p.nan));
  product = select(product, select(zero, nan, magnitude >= U(INFINITY)), s.power == SI(INFINITE_ROW));
  var at_zero = select(infinite, zero, magnitude < U(MIN_NORMAL));
  at_zero = select(at_zero, nan, magnitude > U(INFINITY));
  product = select(product, at_zero, s.power == SI(ZERO_ROW));
  return select(product, nan, s.power == SI(NAN_ROW));
}`;

/** A statistic that is given as r itself, any number. */
const GIVEN = `
fn given_statistic(r: S) -> Statistic {
  let magnitude = bitcast<SU>(r) & SU(MAGNITUDE);
  var e = select(SI(0), SI(INFINITE_ROW), magnitude < SU(MIN_NORMAL));
  e = select(e, SI(ZERO_ROW), magnitude == SU(INFINITY));
  return Statistic(r, select(e, SI(NAN_ROW), magnitude > SU(INFINITY)));
}`;

/** `product(v, s)`: v * r, whatever r is. */
const PRODUCT = `
fn product(v: V, s: Statistic) -> V {
  if (all(s.power == SI(0))) { return v * s.r; }
  return scaled_product(v, s);
}`;

export function statistics(parts: { readonly product: boolean; readonly given?: boolean }): string {
  return lines(
    STATISTIC,
    ROOT_TIMES,
    PLAIN,
    SCALED,
    parts.product && lines(SCALED_PRODUCT, PRODUCT),
    parts.given === true && GIVEN,
  );
}
