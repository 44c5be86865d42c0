// pnpm wgsl backward --shape 2x64x3 --dtype float16 --dispatch 1
// Dispatch 1 of 2: gradient-statistics:float16,columns,one,shared8x32/32,true,false,true:x dy gamma statistics!
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 gamma (read)
//   3 statistics (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups

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
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> statistics: array<vec4u>;
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

// What a team handles at a time.
struct Tile {
  row: u32, // the first, or the only one
  start: u32, // index of its first element
  feature: u32, // of its first element
  rows: u32, // how many there are
  section: u32, // of a row that is split
  first_step: u32, // of that section, among the row's
  size: u32, // of a row
}

fn first_feature(slab: u32) -> u32 {
  if (params.groups == 1u) { return 0u; }
  return ((params.first_slab + slab) % params.groups) * params.size;
}

fn tile_at(index: u32) -> Tile {
  let tiles_of_slab = params.inner / 1u;
  let slab = index / tiles_of_slab;
  let column = (index % tiles_of_slab) * 1u;
  return Tile(slab * params.inner + column, slab * params.size * params.inner + column, first_feature(slab), 1u, 0u, 0u, params.size);
}

fn place_at(tile: Tile, step: u32) -> Place {
  return Place(tile.start + step * params.inner, 1u, tile.feature + step, 0u);
}

fn steps_of(tile: Tile) -> u32 { return params.size; }

fn statistic_steps_of(tile: Tile) -> u32 { return params.stat_size; }

fn tile_count() -> u32 { return params.rows / 1u; }

fn place_for_sum(tile: Tile, step: u32) -> Place { return place_at(tile, step); }

// v where it enters the statistic, else 0.
fn within_statistic(tile: Tile, step: u32, v: Elements) -> Elements {
  return v;
}

// Each element has a row of its own.
fn sum_per_row(v: Elements) -> RowValues { return v; }

fn max_per_row(v: ElementBits) -> RowBits { return v; }

// The statistic of each element's own row.
fn statistic_for(tile: Tile, step: u32, s: Statistic) -> Statistic { return s; }

// The invocations that share a tile are a team: lane() is the index in it, team_index() that of the team.
var<private> local_index: u32;

fn lane() -> u32 { return local_index / 32u; }

fn team_index(workgroup: u32) -> u32 { return workgroup * 32u + local_index % 32u; }

var<workgroup> team_partials: array<RowBits, 256>;

fn team_sum(v: RowValues) -> RowValues {
  team_partials[local_index] = bitcast<RowBits>(v);
  workgroupBarrier();
  let first = local_index % 32u;
  var all = (bitcast<RowValues>(team_partials[first + (0u) * 32u]) + bitcast<RowValues>(team_partials[first + (0u + 1u) * 32u])) + (bitcast<RowValues>(team_partials[first + (0u + 2u) * 32u]) + bitcast<RowValues>(team_partials[first + (0u + 3u) * 32u]));
  for (var i = 4u; i < 8u; i += 4u) { all = all + (bitcast<RowValues>(team_partials[first + (i) * 32u]) + bitcast<RowValues>(team_partials[first + (i + 1u) * 32u])) + (bitcast<RowValues>(team_partials[first + (i + 2u) * 32u]) + bitcast<RowValues>(team_partials[first + (i + 3u) * 32u])); }
  workgroupBarrier();
  return all;
}

fn team_max(v: RowBits) -> RowBits {
  team_partials[local_index] = bitcast<RowBits>(v);
  workgroupBarrier();
  let first = local_index % 32u;
  var all = max((max(bitcast<RowBits>(team_partials[first + (0u) * 32u]), bitcast<RowBits>(team_partials[first + (0u + 1u) * 32u]))), (max(bitcast<RowBits>(team_partials[first + (0u + 2u) * 32u]), bitcast<RowBits>(team_partials[first + (0u + 3u) * 32u]))));
  for (var i = 4u; i < 8u; i += 4u) { all = max(all, max((max(bitcast<RowBits>(team_partials[first + (i) * 32u]), bitcast<RowBits>(team_partials[first + (i + 1u) * 32u]))), (max(bitcast<RowBits>(team_partials[first + (i + 2u) * 32u]), bitcast<RowBits>(team_partials[first + (i + 3u) * 32u]))))); }
  workgroupBarrier();
  return all;
}

var<workgroup> team_flag: u32;

fn team_any(flag: RowBools) -> bool {
  // All who write write the same.
  if (flag) { team_flag = 1u; }
  let all = workgroupUniformLoad(&team_flag) != 0u;
  // For the next tile, whose sums come with barriers of their own.
  if (flag) { team_flag = 0u; }
  return all;
}

fn widen(word: u32) -> vec2f {
  return unpack2x16float(word);
}

fn load_x(place: Place) -> Elements {
  return widen(x[(place.index) >> 1u])[(place.index) & 1u];
}

fn load_dy(place: Place) -> Elements {
  return widen(dy[(place.index) >> 1u])[(place.index) & 1u];
}

fn load_gamma(place: Place) -> Elements {
  return Elements(gamma[place.feature]);
}

fn norm_input_for_sum(place: Place) -> Elements { return load_x(place); }

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

// v itself, which a compiler cannot see: else it may simplify (high + v) - high to v.
fn opaque(v: Elements) -> Elements { return bitcast<Elements>(bitcast<ElementBits>(v) ^ ElementBits(params.zero_bits)); }

// What an infinity lost is no number.
fn with_lost(high: Elements, low: Elements) -> Elements {
  return select(high + low, high, (bitcast<ElementBits>(high) & ElementBits(MAGNITUDE_BITS)) == ElementBits(INFINITY_BITS));
}

// One member's part, of its elements times scale.
fn sum_of_squares(tile: Tile, scale: RowValues) -> RowValues {
  var high = Elements();
  var low = Elements();
  let end = statistic_steps_of(tile);
  for (var start = lane(); start < end; start += 64u) {
    var block = Elements();
    for (var step = start; step < min(start + 64u, end); step += 8u) {
      let v = within_statistic(tile, step, norm_input_for_sum(place_for_sum(tile, step))) * scale;
      block = fma(v, v, block);
    }
    let sum = opaque(high + block);
    let back = opaque(sum - high);
    low += (high - (sum - back)) + (block - back);
    high = sum;
  }
  return sum_per_row(with_lost(high, low));
}

// The bits of one member's largest magnitude.
fn largest_magnitude(tile: Tile) -> RowBits {
  var largest = ElementBits();
  for (var step = lane(); step < statistic_steps_of(tile); step += 8u) {
    largest = max(largest, bitcast<ElementBits>(within_statistic(tile, step, norm_input_for_sum(place_for_sum(tile, step)))) & ElementBits(MAGNITUDE_BITS));
  }
  return max_per_row(largest);
}

// Of a tile whose squares overflow or vanish, from its elements once more; its plain rows keep what they had.
// clamped: whether eps is the denominator.
struct Rescaled { statistic: Statistic, rstd: RowValues, clamped: RowBools }

fn rescaled(tile: Tile, sum: RowValues) -> Rescaled {
  let largest = team_max(largest_magnitude(tile));
  let power = scaling_power(largest);
  let scaled = team_sum(sum_of_squares(tile, power_of_two(-power)));
  let plain = is_plain(sum);
  let s = scaled_statistic(largest, scaled, power, params.factor_mantissa, params.factor_mantissa_low, params.factor_power);
  var result = Rescaled(Statistic(select(s.r, plain_r(sum), plain), select(s.power, RowInts(0), plain)), RowValues(), RowBools());
  result.clamped = select(scaled <= scaled_eps(power), sum <= RowValues(params.eps_least), plain);
  return result;
}

fn store_statistics(tile: Tile, s: Statistic, mean: RowValues) {
  statistics[tile.row] = vec4u(bitcast<u32>(s.r), bitcast<u32>(s.power), bitcast<u32>(mean), 0u);
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

fn load_weighted_dy(place: Place) -> Elements {
  let g = load_dy(place) * ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return g;
}

// One member's part, in the order of where columns are kept in registers.
fn sum_of_products(tile: Tile, s: Statistic) -> RowValues {
  var total = Total();
  for (var start = lane(); start < steps_of(tile); start += 64u) {
    var block = Elements();
    for (var step = start; step < min(start + 64u, steps_of(tile)); step += 8u) {
      let place = place_at(tile, step);
      block = fma(load_weighted_dy(place), times_r(load_x(place), s), block);
    }
    total = add(total, block);
  }
  return sum_per_row(value_of_total(total));
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  // A team beyond the last tile takes part in barriers, and writes nothing.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  var s = Statistic(RowValues(), RowInts());
  var clamped = RowBools();
  let sum = team_sum(sum_of_squares(tile, RowValues(1.0)));
  clamped = sum <= RowValues(params.eps_least);
  s.r = plain_r(sum);
  if (team_any(!is_plain(sum))) {
    let result = rescaled(tile, sum);
    clamped = result.clamped;
    s = result.statistic;
  }
  clamped = clamped & RowBools(params.eps_clamps != 0u);

  let mean = team_sum(sum_of_products(tile, s)) * params.reciprocal_count;
  if (has_tile && lane() == 0u) {
    store_statistics(tile, s, select(mean, RowValues(), clamped | (s.power == RowInts(ZERO_ROW))));
  }
}
