// pnpm wgsl forward --shape 8x8192 --subgroups 4
// Dispatch 1 of 1: resident:forward,float32,rows,quad,workgroup32x1/4,64/64array,gamma,:x y! gamma>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 params (uniform, 144 bytes)
// Grid: 8 x 1 x 1 workgroups

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
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Parameters;

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

var<workgroup> team_partials: array<RowBits, 8>;

fn team_sum(v: RowValues) -> RowValues {
  var all = v;
  all = all + subgroupShuffleXor(all, 1u);
  all = all + subgroupShuffleXor(all, 2u);
  if (local_index % 4u == 0u) { team_partials[local_index / 4u] = bitcast<RowBits>(all); }
  let last = workgroupUniformLoad(&team_partials);
  return (((bitcast<RowValues>(last[0]) + bitcast<RowValues>(last[1])) + (bitcast<RowValues>(last[2]) + bitcast<RowValues>(last[3]))) + ((bitcast<RowValues>(last[4]) + bitcast<RowValues>(last[5])) + (bitcast<RowValues>(last[6]) + bitcast<RowValues>(last[7]))));
}

fn team_max(v: RowBits) -> RowBits {
  var all = v;
  all = max(all, subgroupShuffleXor(all, 1u));
  all = max(all, subgroupShuffleXor(all, 2u));
  if (local_index % 4u == 0u) { team_partials[local_index / 4u] = bitcast<RowBits>(all); }
  let last = workgroupUniformLoad(&team_partials);
  return max(max(max(max(max(max(max(bitcast<RowBits>(last[0]), bitcast<RowBits>(last[1])), bitcast<RowBits>(last[2])), bitcast<RowBits>(last[3])), bitcast<RowBits>(last[4])), bitcast<RowBits>(last[5])), bitcast<RowBits>(last[6])), bitcast<RowBits>(last[7]));
}

fn team_any(flag: RowBools) -> bool { return flag; }

fn rounded(v: Elements) -> Elements { return v; }

fn load_x(place: Place) -> Elements {
  return x[place.index >> 2u];
}

fn norm_input(place: Place) -> Elements {
  return load_x(place);
}

fn norm_input_for_sum(place: Place) -> Elements { return norm_input(place); }

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
  for (var start = lane(); start < end; start += 256u) {
    var block = Elements();
    for (var step = start; step < min(start + 256u, end); step += 32u) {
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
  for (var step = lane(); step < statistic_steps_of(tile); step += 32u) {
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
  return result;
}

fn load_gamma(place: Place) -> Elements {
  return gamma[place.feature >> 2u];
}

fn weighted(place: Place, normed: Elements) -> Elements {
  let v = normed;
  let weight = ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return v * weight;
}

fn store_y(place: Place, v: Elements) {
  y[place.index >> 2u] = v;
}

fn write_output(place: Place, input: Elements, normed: Elements) {
  store_y(place, weighted(place, normed));
}

fn write_rescaled_tile(tile: Tile, s: Statistic) {
  for (var step = lane(); step < steps_of(tile); step += 32u) {
    let place = place_at(tile, step);
    let input = norm_input(place);
    write_output(place, input, times_scaled_r(input, s));
  }
}

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  if (tile_index >= tile_count()) { return; }
  // A team beyond the last tile takes part in barriers, and writes nothing.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  // Each element is read once: into registers, and its square into the sum.
  var x: array<Elements, 64>;
  var high = Elements();
  var low = Elements();
  for (var slot = 0u; slot < 64u; slot += 8u) {
    let start = lane() + slot * 32u;
    var block = Elements();
    { let input = norm_input(place_at(tile, (start + 0u))); x[slot + 0u] = input; let v = within_statistic(tile, (start + 0u), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 32u))); x[slot + 1u] = input; let v = within_statistic(tile, (start + 32u), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 64u))); x[slot + 2u] = input; let v = within_statistic(tile, (start + 64u), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 96u))); x[slot + 3u] = input; let v = within_statistic(tile, (start + 96u), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 128u))); x[slot + 4u] = input; let v = within_statistic(tile, (start + 128u), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 160u))); x[slot + 5u] = input; let v = within_statistic(tile, (start + 160u), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 192u))); x[slot + 6u] = input; let v = within_statistic(tile, (start + 192u), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 224u))); x[slot + 7u] = input; let v = within_statistic(tile, (start + 224u), input); block = fma(v, v, block); }
    let sum = opaque(high + block);
    let back = opaque(sum - high);
    low += (high - (sum - back)) + (block - back);
    high = sum;
  }
  let squares = with_lost(high, low);

  let sum = team_sum(sum_per_row(squares));
  if (team_any(!is_plain(sum))) {
    let result = rescaled(tile, sum);
    if (!has_tile) { return; }
    write_rescaled_tile(tile, result.statistic);
  } else {
    if (!has_tile) { return; }
    let r = plain_r(sum);
    for (var slot = 0u; slot < 64u; slot += 8u) {
      let start = lane() + slot * 32u;
      { write_output(place_at(tile, (start + 0u)), x[slot + 0u], x[slot + 0u] * r); }
      { write_output(place_at(tile, (start + 32u)), x[slot + 1u], x[slot + 1u] * r); }
      { write_output(place_at(tile, (start + 64u)), x[slot + 2u], x[slot + 2u] * r); }
      { write_output(place_at(tile, (start + 96u)), x[slot + 3u], x[slot + 3u] * r); }
      { write_output(place_at(tile, (start + 128u)), x[slot + 4u], x[slot + 4u] * r); }
      { write_output(place_at(tile, (start + 160u)), x[slot + 5u], x[slot + 5u] * r); }
      { write_output(place_at(tile, (start + 192u)), x[slot + 6u], x[slot + 6u] * r); }
      { write_output(place_at(tile, (start + 224u)), x[slot + 7u], x[slot + 7u] * r); }
    }
  }
}
