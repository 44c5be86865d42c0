// pnpm wgsl backward --shape 8x512 --bias --rstd --eps-mode clamp --dispatch 1
// Dispatch 1 of 2: gradient:float32,rows,quad,workgroup64x1/32,2/2,true,true,true,true,true:x dy dx! gamma rstd weight_sums!>dx
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 dx (read_write)
//   3 gamma (read)
//   4 rstd (read)
//   5 weight_sums (read_write)
//   6 params (uniform, 144 bytes)
// Grid: 2 x 1 x 1 workgroups

enable subgroups;

// Rows that are not plain are redone where any row of the subgroup is: uniform, but the analysis does not see it.
diagnostic(off, subgroup_uniformity);

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

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(3) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(4) var<storage, read> rstd: array<f32>;
@group(0) @binding(5) var<storage, read_write> weight_sums: array<vec4f>;
@group(0) @binding(6) var<uniform> params: Parameters;

// What an invocation reads at a time.
alias Elements = vec4f;
alias ElementBits = vec4u;
alias ElementInts = vec4i;

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
  return Tile(index, index * params.size, first_feature(index), 1u, 0u, 0u, params.size);
}

fn place_at(tile: Tile, step: u32) -> Place {
  return Place(tile.start + 4u * step, tile.size - 4u * step, tile.feature + 4u * step, 0u);
}

fn steps_of(tile: Tile) -> u32 { return (tile.size + 3u) / 4u; }

fn statistic_steps_of(tile: Tile) -> u32 { return (params.stat_size + 3u) / 4u; }

fn tile_count() -> u32 { return params.rows; }

fn place_for_sum(tile: Tile, step: u32) -> Place { return place_at(tile, step); }

// v where it enters the statistic, else 0.
fn within_statistic(tile: Tile, step: u32, v: Elements) -> Elements {
  return v;
}

fn sum_per_row(v: Elements) -> RowValues { return (v.x + v.y) + (v.z + v.w); }

fn max_per_row(v: ElementBits) -> RowBits { return max(max(v.x, v.y), max(v.z, v.w)); }

// The statistic of each element's own row.
fn statistic_for(tile: Tile, step: u32, s: Statistic) -> Statistic { return s; }

// The invocations that share a tile are a team: lane() is the index in it, team_index() that of the team.
var<private> local_index: u32;

fn lane() -> u32 { return local_index; }

fn team_index(workgroup: u32) -> u32 { return workgroup; }

var<workgroup> team_partials: array<RowBits, 2>;

fn team_sum(v: RowValues) -> RowValues {
  var all = v;
  all = all + subgroupShuffleXor(all, 1u);
  all = all + subgroupShuffleXor(all, 2u);
  all = all + subgroupShuffleXor(all, 4u);
  all = all + subgroupShuffleXor(all, 8u);
  all = all + subgroupShuffleXor(all, 16u);
  if (local_index % 32u == 0u) { team_partials[local_index / 32u] = bitcast<RowBits>(all); }
  let last = workgroupUniformLoad(&team_partials);
  return (bitcast<RowValues>(last[0]) + bitcast<RowValues>(last[1]));
}

fn team_max(v: RowBits) -> RowBits {
  var all = v;
  all = max(all, subgroupShuffleXor(all, 1u));
  all = max(all, subgroupShuffleXor(all, 2u));
  all = max(all, subgroupShuffleXor(all, 4u));
  all = max(all, subgroupShuffleXor(all, 8u));
  all = max(all, subgroupShuffleXor(all, 16u));
  if (local_index % 32u == 0u) { team_partials[local_index / 32u] = bitcast<RowBits>(all); }
  let last = workgroupUniformLoad(&team_partials);
  return max(bitcast<RowBits>(last[0]), bitcast<RowBits>(last[1]));
}

fn team_any(flag: RowBools) -> bool { return flag; }

fn rounded(v: Elements) -> Elements { return v; }

fn load_x(place: Place) -> Elements {
  return x[place.index >> 2u];
}

fn load_dy(place: Place) -> Elements {
  return dy[place.index >> 2u];
}

fn store_dx(place: Place, v: Elements) {
  dx[place.index >> 2u] = v;
}

fn load_gamma(place: Place) -> Elements {
  return gamma[place.feature >> 2u];
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

// From rstd as it is given, any number.
fn statistic_of_rstd(r: RowValues) -> Statistic {
  let magnitude = bitcast<RowBits>(r) & RowBits(MAGNITUDE_BITS);
  var e = select(RowInts(0), RowInts(INFINITE_ROW), magnitude < RowBits(MIN_NORMAL_BITS));
  e = select(e, RowInts(ZERO_ROW), magnitude == RowBits(INFINITY_BITS));
  return Statistic(r, select(e, RowInts(NAN_ROW), magnitude > RowBits(INFINITY_BITS)));
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
  for (var start = lane(); start < end; start += 512u) {
    var block = Elements();
    for (var step = start; step < min(start + 512u, end); step += 64u) {
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
  for (var step = lane(); step < statistic_steps_of(tile); step += 64u) {
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

fn load_rstd(tile: Tile) -> RowValues {
  return RowValues(rstd[tile.row + 0u]);
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

// A sum, and what its additions lost (Knuth's TwoSum).
struct TermTotal { high: Elements, low: Elements }

// v itself, which a compiler cannot see: else it may simplify (high + v) - high to v.
fn opaque_term(v: Elements) -> Elements { return bitcast<Elements>(bitcast<ElementBits>(v) ^ ElementBits(params.zero_bits)); }

fn add_term(total: TermTotal, v: Elements) -> TermTotal {
  let sum = opaque_term(total.high + v);
  let back = opaque_term(sum - total.high);
  return TermTotal(sum, total.low + ((total.high - (sum - back)) + (v - back)));
}

fn add_term_totals(a: TermTotal, b: TermTotal) -> TermTotal {
  let sum = add_term(a, b.high);
  return TermTotal(sum.high, sum.low + b.low);
}

// What an infinity lost is no number.
fn value_of_term_total(total: TermTotal) -> Elements {
  let finite = (bitcast<ElementBits>(total.high) & ElementBits(0x7fffffffu)) < ElementBits(0x7f800000u);
  return select(total.high, total.high + total.low, finite);
}

fn term_of(v: Elements) -> Elements { return v; }

fn total_across_teams(own: TermTotal) -> TermTotal { return own; }

fn store_weight_sum(start: u32, tile: Tile, step: u32, v: Elements) { weight_sums[(start >> 2u) + step] = v; }

// g; 0 beyond the row's end, whatever stands there in gamma.
fn weighted_dy(place: Place, dy: Elements) -> Elements {
  let g = dy * ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return g;
}

// special: whether any power is not 0.
fn times_tile_r(v: Elements, s: Statistic, special: bool) -> Elements {
  if (special) { return times_scaled_r(v, s); }
  return v * s.r;
}

// g - n * mean, where x is in the statistic; at a zero denominator nothing goes through the mean, and n may be infinite.
fn less_mean(tile: Tile, step: u32, g: Elements, n: Elements, mean: RowValues, s: Statistic) -> Elements {
  let v = fma(-n, Elements(mean), g);
  return select(v, g, s.power == RowInts(ZERO_ROW));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let workgroup_index = workgroup.x + workgroup.y * grid.x;
  // All tiles of a workgroup are of one group of features; it has a chunk of them.
  let groups = params.groups;
  let group = workgroup_index % groups;
  let section = 0u;
  let chunk = workgroup_index / (groups);
  if (chunk >= params.chunks) { return; }
  let tiles_of_slab = params.inner / 1u;
  let slabs = params.rows / params.inner;
  let count = select(0u, (slabs - group + groups - 1u) / groups, group < slabs) * tiles_of_slab;
  let first = chunk * params.chunk_tiles * 1u + team_index(0u);

  var x0 = Elements();
  var x1 = Elements();
  var dy0 = Elements();
  var dy1 = Elements();
  var dgamma_sum0 = TermTotal();
  var dgamma_sum1 = TermTotal();
  var dbeta_sum0 = TermTotal();
  var dbeta_sum1 = TermTotal();

  for (var i = 0u; i < params.chunk_tiles; i++) {
    let tile_in_group = first + i * 1u;
    let has_tile = tile_in_group < count;
    let tile_index = (group + groups * (tile_in_group / tiles_of_slab)) * tiles_of_slab + tile_in_group % tiles_of_slab;
    let tile = tile_at(min(tile_index, tile_count() - 1u));

    { let step = lane() + 0u; let place = place_at(tile, step); x0 = load_x(place); dy0 = load_dy(place); }
    { let step = lane() + 64u; let place = place_at(tile, step); x1 = load_x(place); dy1 = load_dy(place); }

    var s = statistic_of_rstd(load_rstd(tile));
    var special = any(s.power != RowInts());
    var clamped = RowBools();
    var squares = Elements();
    { let step = lane() + 0u; let v = within_statistic(tile, step, x0); squares = fma(v, v, squares); }
    { let step = lane() + 64u; let v = within_statistic(tile, step, x1); squares = fma(v, v, squares); }
    let sum = team_sum(sum_per_row(squares));
    clamped = sum <= RowValues(params.eps_least);
    if (team_any(!is_plain(sum))) {
      let result = rescaled(tile, sum);
      clamped = result.clamped;
    }
    clamped = clamped & RowBools(params.eps_clamps != 0u);
    { let step = lane() + 0u; x0 = times_tile_r(x0, s, special); }
    { let step = lane() + 64u; x1 = times_tile_r(x1, s, special); }

    var products = Elements();
    { let step = lane() + 0u; products = fma(weighted_dy(place_at(tile, step), dy0), x0, products); }
    { let step = lane() + 64u; products = fma(weighted_dy(place_at(tile, step), dy1), x1, products); }
    var mean = team_sum(sum_per_row(products)) * params.reciprocal_count;
    mean = select(mean, RowValues(), clamped | (s.power == RowInts(ZERO_ROW)));

    if (has_tile) {
      {
        let step = lane() + 0u;
        let place = place_at(tile, step);
        let gradient = times_tile_r(less_mean(tile, step, weighted_dy(place, dy0), x0, mean, s), s, special);
        store_dx(place, gradient * params.alpha);
        dgamma_sum0 = add_term(dgamma_sum0, term_of(dy0 * (x0 * params.alpha)));
        dbeta_sum0 = add_term(dbeta_sum0, term_of(dy0));
      }
      {
        let step = lane() + 64u;
        let place = place_at(tile, step);
        let gradient = times_tile_r(less_mean(tile, step, weighted_dy(place, dy1), x1, mean, s), s, special);
        store_dx(place, gradient * params.alpha);
        dgamma_sum1 = add_term(dgamma_sum1, term_of(dy1 * (x1 * params.alpha)));
        dbeta_sum1 = add_term(dbeta_sum1, term_of(dy1));
      }
    }
  }

  let features = params.groups * params.size;
  let tile = tile_at(group * tiles_of_slab);
  let start = (params.first_chunk + chunk) * features * 2u + tile.feature;
  {
    let step = lane() + 0u;
    {
      let v = total_across_teams(dgamma_sum0);
      if (team_index(0u) == 0u && step < steps_of(tile)) {
        store_weight_sum(start, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
    {
      let v = total_across_teams(dbeta_sum0);
      if (team_index(0u) == 0u && step < steps_of(tile)) {
        store_weight_sum(start + features, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
  }
  {
    let step = lane() + 64u;
    {
      let v = total_across_teams(dgamma_sum1);
      if (team_index(0u) == 0u && step < steps_of(tile)) {
        store_weight_sum(start, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
    {
      let v = total_across_teams(dbeta_sum1);
      if (team_index(0u) == 0u && step < steps_of(tile)) {
        store_weight_sum(start + features, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
  }
}
