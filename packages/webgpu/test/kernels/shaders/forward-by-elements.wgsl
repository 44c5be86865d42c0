// pnpm wgsl forward --shape 2x64x3 --dtype bfloat16 --dispatch 2
// Dispatch 2 of 2: elementwise:forward,bfloat16,gamma:x y! gamma r powers>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 r (read)
//   4 powers (read)
//   5 params (uniform, 144 bytes)
// Grid: 2 x 1 x 1 workgroups

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
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> r: array<f32>;
@group(0) @binding(4) var<storage, read> powers: array<i32>;
@group(0) @binding(5) var<uniform> params: Parameters;

// What an invocation reads at a time.
alias Elements = vec4f;
alias ElementBits = vec4u;
alias ElementInts = vec4i;

// A number for each row that an invocation has elements of.
alias RowValues = vec4f;
alias RowBits = vec4u;
alias RowInts = vec4i;
alias RowBools = vec4<bool>;

struct Place {
  index: u32, // of the first element
  count: u32, // how many there are
  feature: u32, // of the first
  second_feature: u32, // of the second, where it need not be the next
}

const ELEMENT_OFFSETS = vec4u(0u, 1u, 2u, 3u);

fn element_indices(first: u32) -> vec4u { return min(vec4u(first) + ELEMENT_OFFSETS, vec4u(params.elements - 1u)); }

fn slabs_of(first: u32) -> vec4u { return element_indices(first) / vec4u(params.size * params.inner); }

fn rows_of(first: u32) -> vec4u { return slabs_of(first) * params.inner + element_indices(first) % vec4u(params.inner); }

fn features_in_group(first: u32) -> vec4u { return (element_indices(first) / vec4u(params.inner)) % vec4u(params.size); }

fn features_of(first: u32) -> vec4u { return ((slabs_of(first) + vec4u(params.first_slab)) % vec4u(params.groups)) * params.size + features_in_group(first); }

fn widen(word: u32) -> vec2f {
  return bitcast<vec2f>(vec2u(word << 16u, word & 0xffff0000u));
}

fn narrow(v: Elements) -> ElementBits {
  let bits = bitcast<ElementBits>(v);
  let nearest = (bits + ElementBits(0x7fffu) + ((bits >> ElementBits(16u)) & ElementBits(1u))) >> ElementBits(16u);
  return select(nearest, ElementBits(0x7fc0u), (bits & ElementBits(0x7fffffffu)) > ElementBits(0x7f800000u));
}

fn rounded(v: Elements) -> Elements { return bitcast<Elements>(narrow(v) << ElementBits(16u)); }

fn load_x(place: Place) -> Elements {
  return select(Elements(), Elements(widen(x[place.index >> 1u]), widen(x[(place.index >> 1u) + 1u])), ELEMENT_OFFSETS < vec4u(place.count));
}

fn norm_input(place: Place) -> Elements {
  return load_x(place);
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

fn load_gamma(place: Place) -> Elements {
  return Elements(gamma[features_of(place.index).x], gamma[features_of(place.index).y], gamma[features_of(place.index).z], gamma[features_of(place.index).w]);
}

fn weighted(place: Place, normed: Elements) -> Elements {
  let v = normed;
  let weight = ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return v * weight;
}

fn store_y(place: Place, v: Elements) {
  let half = narrow(v);
  let word = place.index >> 1u;
  y[word] = half.x | select(y[word] & 0xffff0000u, half.y << 16u, place.count > 1u);
  if (place.count > 2u) { y[word + 1u] = half.z | select(y[word + 1u] & 0xffff0000u, half.w << 16u, place.count > 3u); }
}

fn write_output(place: Place, input: Elements, normed: Elements) {
  store_y(place, weighted(place, normed));
}

fn statistic_of_rows(row: vec4u) -> Statistic {
  return Statistic(
    vec4f(r[row.x], r[row.y], r[row.z], r[row.w]),
    vec4i(powers[row.x], powers[row.y], powers[row.z], powers[row.w])
  );
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  let first = 4u * ((workgroup.x + workgroup.y * grid.x) * 64u + index);
  if (first >= params.elements) { return; }
  let place = Place(first, params.elements - first, 0u, 0u);
  let input = norm_input(place);
  write_output(place, input, times_r(input, statistic_of_rows(rows_of(first))));
}
