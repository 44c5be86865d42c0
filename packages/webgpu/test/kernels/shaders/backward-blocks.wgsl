// pnpm wgsl backward --shape 2x64x3 --dtype float16 --dispatch 2
// Dispatch 2 of 2: gradient-blocks:float16,true,false,64:x dy dx! gamma statistics dgamma!>dx
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 dx (read_write)
//   3 gamma (read)
//   4 statistics (read)
//   5 dgamma (read_write)
//   6 params (uniform, 144 bytes)
// Grid: 32 x 1 x 1 workgroups

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
@group(0) @binding(2) var<storage, read_write> dx: array<u32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> statistics: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(6) var<uniform> params: Parameters;

// What an invocation reads at a time.
alias Elements = vec2f;
alias ElementBits = vec2u;
alias ElementInts = vec2i;

// A number for each row that an invocation has elements of.
alias RowValues = vec2f;
alias RowBits = vec2u;
alias RowInts = vec2i;
alias RowBools = vec2<bool>;

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

fn narrow(v: Elements) -> ElementBits {
  let words = pack2x16float(v);
  return vec2u(words & 0xffffu, words >> 16u);
}

// The zero is not known to a compiler, which else could leave the two conversions out (llvmpipe's does).
fn rounded(v: Elements) -> Elements {
  let half = narrow(v) ^ ElementBits(params.zero_bits);
  return Elements(widen(half.x).x, widen(half.y).x);
}

fn load_x(place: Place) -> Elements {
  let pair = widen(x[place.index >> 1u]);
  return Elements(pair.x, select(0.0, pair.y, place.count > 1u));
}

fn load_dy(place: Place) -> Elements {
  let pair = widen(dy[place.index >> 1u]);
  return Elements(pair.x, select(0.0, pair.y, place.count > 1u));
}

fn store_dx(place: Place, v: Elements) {
  let half = narrow(v);
  let word = place.index >> 1u;
  dx[word] = half.x | select(dx[word] & 0xffff0000u, half.y << 16u, place.count > 1u);
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

struct RowGradient { statistic: Statistic, mean: Elements }

alias ElementBools = vec2<bool>;

// Of an invocation's two elements, which lie in a word, each belongs to the first feature or the second.
fn in_second_feature(element: u32) -> ElementBools { return vec2u(element, element + 1u) >= vec2u(params.inner); }

fn features_of(first: u32, second: ElementBools) -> vec2u { return first + select(vec2u(), vec2u(1u), second); }

fn rows_of(slab: u32, element: u32) -> vec2u {
  return slab * params.inner + vec2u(element, element + 1u) - select(vec2u(), vec2u(params.inner), in_second_feature(element));
}

fn load_row_gradient(row: vec2u) -> RowGradient {
  let a = statistics[row.x];
  let b = statistics[row.y];
  return RowGradient(Statistic(bitcast<Elements>(vec2u(a.x, b.x)), bitcast<ElementInts>(vec2u(a.y, b.y))), bitcast<Elements>(vec2u(a.z, b.z)));
}

// The sums of the elements of either feature,
fn of_each_feature(v: Elements, second: ElementBools) -> Elements {
  let first = select(v, Elements(), second);
  let other = select(Elements(), v, second);
  return Elements(first.x + first.y, other.x + other.y);
}

// and from numbers of both features to the elements.
fn of_each_element(both: Elements, second: ElementBools) -> Elements { return select(both.xx, both.yy, second); }

var<workgroup> workgroup_totals: array<Total, 64>;

fn workgroup_total(own: Total, index: u32) -> Total {
  workgroupBarrier();
  workgroup_totals[index] = own;
  for (var half = 32u; half >= 1u; half /= 2u) {
    workgroupBarrier();
    if (index < half) { workgroup_totals[index] = add_totals(workgroup_totals[index], workgroup_totals[index + half]); }
  }
  return workgroup_totals[index];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  let workgroup_index = workgroup.x + workgroup.y * grid.x;
  // A block is two features in all slabs of its group; the workgroup has a chunk of its terms.
  let blocks = (params.size + 1u) / 2u;
  let chunk = workgroup_index / (blocks * params.groups);
  if (chunk >= params.chunks) { return; }
  let group = (workgroup_index / blocks) % params.groups;
  // Within its group of features.
  let first = (workgroup_index % blocks) * 2u;
  let feature = group * params.size + first;
  let words = min(2u, params.size - first) * params.inner / 2u;
  let slabs = params.rows / params.inner;
  let first_slab = (group + params.groups - params.first_slab % params.groups) % params.groups;
  let count = select(0u, (slabs - first_slab + params.groups - 1u) / params.groups, slabs > first_slab) * words;
  let each = (count + params.chunks - 1u) / params.chunks;
  let weights = ((Elements(gamma[feature], gamma[feature + 1u]) + params.weight_offset) + params.weight_offset_low);
  var gamma_sum = Total();
  var beta_sum = Total();
  for (var term = chunk * each + index; term < min((chunk + 1u) * each, count); term += 64u) {
    let slab = first_slab + (term / words) * params.groups;
    let element = (term % words) * 2u;
    let place = Place((slab * params.size + first) * params.inner + element, 2u, 0u, 0u);
    let second = in_second_feature(element);
    let row = load_row_gradient(rows_of(slab, element));
    let s = row.statistic;
    let dy = load_dy(place);
    let n = times_r(load_x(place), s);
    let g = dy * of_each_element(weights, second);
    // At a zero denominator the mean is 0, and n may be infinite.
    let in_statistic = (features_of(first, second) < vec2u(params.stat_size)) & (s.power != RowInts(ZERO_ROW));
    let scaled = times_r(select(g, fma(-n, row.mean, g), in_statistic), s);
    store_dx(place, scaled * params.alpha);
    gamma_sum = add(gamma_sum, of_each_feature(dy * (n * params.alpha), second));
    beta_sum = add(beta_sum, of_each_feature(dy, second));
  }
  let gamma_total = workgroup_total(gamma_sum, index);
  let beta_total = workgroup_total(beta_sum, index);
  if (index != 0u) { return; }
  for (var i = 0u; i < min(2u, params.size - first); i++) {
    dgamma[feature + i] = value_of_total(Total(Elements(gamma_total.high[i]), Elements(gamma_total.low[i]))).x;
  }
}
