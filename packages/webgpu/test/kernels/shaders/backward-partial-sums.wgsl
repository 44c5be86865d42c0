// pnpm wgsl backward --shape 2x3x5 --dtype float16 --bias --dispatch 2
// Dispatch 2 of 4: gradient-partial-sums:float16,1x128:x dy statistics partial_sums!
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 statistics (read)
//   3 partial_sums (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 3 x 1 x 1 workgroups

struct Parameters {
  rows: u32, // of this dispatch
  first_slab: u32, // the [size, inner] of the tensor with which they start
  groups: u32,
  size: u32, // features of a row
  inner: u32,
  stat_size: u32, // features that enter the statistic
  elements: u32, // rows * size
  sections: u32, // into which a row is split

  // A sum of squares is plain, untouched by overflow and underflow, where its bits lie between plain_lowest and
  // plain_highest. Then r = factor / sqrt(max(sum + eps_added, eps_least)).
  plain_lowest: u32,
  plain_highest: u32,
  eps_added: f32,
  eps_least: f32,
  factor: f32, // alpha * sqrt(count)
  factor_low: f32,

  // For other sums, whose numbers may lie beyond float32: eps = eps_mantissa * 4^eps_power is added, or is the least value
  // where eps_clamps is 1; factor = factor_mantissa * 2^factor_power; the same for rstd = r / alpha.
  eps_clamps: u32,
  eps_mantissa: f32,
  eps_power: i32,
  factor_mantissa: f32,
  factor_mantissa_low: f32,
  factor_power: i32,
  rstd_mantissa: f32,
  rstd_mantissa_low: f32,
  rstd_power: i32,

  // What becomes of x * r.
  weight_offset: f32,
  weight_offset_low: f32,
  given_scale: f32, // of forwardQuantized

  // Of gradients.
  alpha: f32,
  reciprocal_count: f32,
  chunks: u32, // into which the terms of dgamma and dbeta are split here
  first_chunk: u32, // among the chunks of all dispatches
  chunk_tiles: u32, // of each team, in a chunk

  // Constants that a compiler must not see: it may calculate with them.
  nan_bits: u32,
  infinity_bits: u32,
  zero_bits: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<u32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> partial_sums: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Parameters;

// What an invocation reads at a time.
alias Elements = f32;
alias ElementBits = u32;
alias ElementInts = i32;

// A number for each row that an invocation has elements of.
alias RowValues = f32;
alias RowBits = u32;
alias RowInts = i32;
alias RowBools = bool;

struct Place {
  index: u32, // of the first element
  count: u32, // how many there are
  feature: u32, // of the first
  second_feature: u32, // of the second, where it need not be the next
}

const ELEMENT_OFFSETS = vec4u(0u, 1u, 2u, 3u);

fn widen(word: u32) -> vec2f {
  return unpack2x16float(word);
}

fn load_x(place: Place) -> Elements {
  return widen(x[(place.index) >> 1u])[(place.index) & 1u];
}

fn load_dy(place: Place) -> Elements {
  return widen(dy[(place.index) >> 1u])[(place.index) & 1u];
}

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

fn plain_denominator(sum: RowValues) -> RowValues {
  return max(sum + RowValues(params.eps_added), RowValues(params.eps_least));
}

fn plain_r(sum: RowValues) -> RowValues {
  return times_inverse_root(plain_denominator(sum), params.factor, params.factor_low);
}

fn scaling_power(largest: RowBits) -> RowInts {
  return clamp(max(RowInts(largest >> RowBits(23u)) - RowInts(127), RowInts(params.eps_power)), RowInts(-126), RowInts(126));
}

fn scaled_eps(power: RowInts) -> RowValues {
  let shift = max(RowInts(params.eps_power) - power, RowInts(-64));
  return select(RowValues(params.eps_mantissa) * power_of_two(2 * shift), RowValues(0.0), shift == RowInts(-64));
}

fn scaled_denominator(scaled: RowValues, power: RowInts) -> RowValues {
  let eps = scaled_eps(power);
  return select(scaled + eps, max(scaled, eps), params.eps_clamps != 0u);
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

// A sum, and what its additions lost (Knuth's TwoSum).
struct Total { high: Elements, low: Elements }

// v itself, which a compiler cannot see: else it may simplify (high + v) - high to v.
fn opaque_total(v: Elements) -> Elements { return bitcast<Elements>(bitcast<ElementBits>(v) ^ ElementBits(params.zero_bits)); }

fn add(total: Total, v: Elements) -> Total {
  let sum = opaque_total(total.high + v);
  let back = opaque_total(sum - total.high);
  return Total(sum, total.low + ((total.high - (sum - back)) + (v - back)));
}

fn add_totals(a: Total, b: Total) -> Total {
  let sum = add(a, b.high);
  return Total(sum.high, sum.low + b.low);
}

// What an infinity lost is no number.
fn value_of_total(total: Total) -> Elements {
  let finite = (bitcast<ElementBits>(total.high) & ElementBits(0x7fffffffu)) < ElementBits(0x7f800000u);
  return select(total.high, total.high + total.low, finite);
}

var<workgroup> workgroup_totals: array<Total, 128>;

fn workgroup_total(own: Total, index: u32) -> Total {
  workgroupBarrier();
  workgroup_totals[index] = own;
  for (var half = 64u; half >= 1u; half /= 2u) {
    workgroupBarrier();
    if (index < half) { workgroup_totals[index] = add_totals(workgroup_totals[index], workgroup_totals[index + half]); }
  }
  return workgroup_totals[index];
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  // A workgroup has a chunk of the terms of a feature.
  let workgroup_index = workgroup.x + workgroup.y * grid.x;
  let features = params.groups * params.size;
  let feature = (workgroup_index / params.chunks) * 1u + index % 1u;
  let chunk = workgroup_index % params.chunks;
  let offset = params.first_slab % params.groups;
  // Terms of a feature: all places of this range where its group is there, [outer, inner].
  let group = min(feature, features - 1u) / params.size;
  let slabs = params.rows / params.inner;
  let first_slab = (group + params.groups - offset) % params.groups;
  let count = select(0u, (slabs - first_slab + params.groups - 1u) / params.groups, slabs > first_slab) * params.inner;
  let each = (count + params.chunks - 1u) / params.chunks;
  var gamma_sum = Total();
  var beta_sum = Total();
  if (feature < features) {
    for (var term = chunk * each + index / 1u; term < min((chunk + 1u) * each, count); term += 128u) {
      let slab = first_slab + (term / params.inner) * params.groups;
      let column = term % params.inner;
      let place = Place((slab * params.size + feature % params.size) * params.inner + column, 1u, 0u, 0u);
      let row = slab * params.inner + column;
      let dy = load_dy(place);
      let s = statistics[row];
      gamma_sum = add(gamma_sum, dy * (times_r(load_x(place), Statistic(bitcast<f32>(s.x), bitcast<i32>(s.y))) * params.alpha));
      beta_sum = add(beta_sum, dy);
    }
  }
  let gamma_total = workgroup_total(gamma_sum, index);
  let beta_total = workgroup_total(beta_sum, index);
  if (index < 1u && feature < features) {
    partial_sums[(params.first_chunk + chunk) * features + feature] = vec4f(gamma_total.high, gamma_total.low, beta_total.high, beta_total.low);
  }
}
