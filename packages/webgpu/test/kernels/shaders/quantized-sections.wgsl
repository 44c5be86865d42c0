// pnpm wgsl forwardQuantized --shape 2x100000 --dispatch 3
// Dispatch 3 of 3: quantized-sections q:float32,sections,quad,workgroup256x1/32,gamma,false:x gamma sections largest_of_sections scales! q!
// Bindings:
//   0 x (read)
//   1 gamma (read)
//   2 sections (read)
//   3 largest_of_sections (read)
//   4 scales (read_write)
//   5 q (read_write)
//   6 params (uniform, 144 bytes)
// Grid: 26 x 1 x 1 workgroups

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
@group(0) @binding(1) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(2) var<storage, read> sections: array<vec4u>;
@group(0) @binding(3) var<storage, read> largest_of_sections: array<u32>;
@group(0) @binding(4) var<storage, read_write> scales: array<f32>;
@group(0) @binding(5) var<storage, read_write> q: array<u32>;
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

const SECTION_STEPS = 2048u;

fn tile_at(index: u32) -> Tile {
  let row = index / params.sections;
  let section = index % params.sections;
  return Tile(row, row * params.size, first_feature(row), 1u, section, section * SECTION_STEPS, params.size);
}

fn place_at(tile: Tile, step: u32) -> Place {
  let offset = 4u * (tile.first_step + step);
  return Place(tile.start + offset, params.size - offset, tile.feature + offset, 0u);
}

// Of the first so many features of the row.
fn steps_in_section(tile: Tile, size: u32) -> u32 {
  let row_steps = (size + 3u) / 4u;
  return min(row_steps - min(tile.first_step, row_steps), SECTION_STEPS);
}

fn steps_of(tile: Tile) -> u32 { return steps_in_section(tile, params.size); }

fn statistic_steps_of(tile: Tile) -> u32 { return steps_in_section(tile, params.stat_size); }

fn tile_count() -> u32 { return params.rows * params.sections; }

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
  all = all + subgroupShuffleXor(all, 4u);
  all = all + subgroupShuffleXor(all, 8u);
  all = all + subgroupShuffleXor(all, 16u);
  if (local_index % 32u == 0u) { team_partials[local_index / 32u] = bitcast<RowBits>(all); }
  let last = workgroupUniformLoad(&team_partials);
  return (((bitcast<RowValues>(last[0]) + bitcast<RowValues>(last[1])) + (bitcast<RowValues>(last[2]) + bitcast<RowValues>(last[3]))) + ((bitcast<RowValues>(last[4]) + bitcast<RowValues>(last[5])) + (bitcast<RowValues>(last[6]) + bitcast<RowValues>(last[7]))));
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

// sum * 4^power, with the bits of the largest element.
struct SumOfSections { sum: f32, power: i32, largest: u32 }

fn power_of_sum(section: vec4u) -> i32 { return bitcast<i32>(section.y << 16u) >> 16u; }

fn sum_of_sections(tile: Tile) -> SumOfSections {
  let first = tile.row * params.sections;
  var largest = 0u;
  var power = -126;
  for (var i = lane(); i < params.sections; i += 256u) {
    let section = sections[first + i];
    largest = max(largest, section.z);
    if (section.x != 0u) { power = max(power, power_of_sum(section)); }
  }
  largest = team_max(largest);
  power = i32(team_max(u32(power + 126))) - 126;
  var sum = 0.0;
  for (var i = lane(); i < params.sections; i += 256u) {
    let section = sections[first + i];
    let scale = power_of_two(power_of_sum(section) - power);
    sum += bitcast<f32>(section.x) * scale * scale;
  }
  return SumOfSections(team_sum(sum), power, largest);
}

// clamped: whether eps is the denominator.
struct StatisticOfSections { statistic: Statistic, rstd: f32, clamped: bool }

fn statistic_of_sections(tile: Tile) -> StatisticOfSections {
  let all = sum_of_sections(tile);
  let sum = all.sum;
  let power = all.power;
  if (power == 0 && is_plain(sum)) {
    return StatisticOfSections(Statistic(plain_r(sum), 0), 0.0, sum <= params.eps_least);
  }
  let least = clamp(max(power, params.eps_power), -126, 126);
  let scaled = sum * power_of_two(power - least) * power_of_two(power - least);
  return StatisticOfSections(
    scaled_statistic(all.largest, scaled, least, params.factor_mantissa, params.factor_mantissa_low, params.factor_power),
    0.0,
    scaled <= scaled_eps(least),
  );
}

fn load_gamma(place: Place) -> Elements {
  return gamma[place.feature >> 2u];
}

fn weighted(place: Place, normed: Elements) -> Elements {
  let v = normed;
  let weight = ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return v * weight;
}

fn store_scales(tile: Tile, v: RowValues) {
  scales[tile.row] = v;
}

// The bytes of clamp(roundHalfEven(y / scale), -127, 127); 0 of a NaN.
fn quantized(y: Elements, scale: Elements) -> ElementBits {
  // Division may err by 2.5 ulp: what is left over is divided once more.
  let quotient = y / scale;
  let exact = quotient + fma(-quotient, scale, y) / scale;
  let finite = (bitcast<ElementBits>(exact) & ElementBits(0x7fffffffu)) < ElementBits(0x7f800000u);
  let nearest = round(clamp(select(quotient, exact, finite), Elements(-127.0), Elements(127.0)));
  let nan = (bitcast<ElementBits>(quotient) & ElementBits(0x7fffffffu)) > ElementBits(0x7f800000u);
  return bitcast<ElementBits>(ElementInts(select(nearest, Elements(), nan))) & ElementBits(255u);
}

fn store_bytes(place: Place, bytes: ElementBits) { q[place.index >> 2u] = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u); }

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = workgroup.x + workgroup.y * grid.x;
  if (tile_index >= tile_count()) { return; }
  let tile = tile_at(tile_index);
  let s = statistic_of_sections(tile).statistic;
  let first_row = (tile.row / params.groups) * params.groups;
  // Of all groups, which have one scale.
  let first_section = first_row * params.sections;
  var largest = 0u;
  for (var i = lane(); i < params.groups * params.sections; i += 256u) { largest = max(largest, largest_of_sections[first_section + i]); }
  largest = team_max(largest);
  let scale = select(bitcast<RowValues>(largest) * 0.007874015748031496, RowValues(1.0), largest == RowBits());
  for (var step = lane(); step < steps_of(tile); step += 256u) {
    let place = place_at(tile, step);
    store_bytes(place, quantized(weighted(place, times_r(norm_input(place), s)), Elements(scale)));
  }
  if (lane() == 0u && tile.section == 0u && tile.row == first_row) {
    var scale_tile = tile;
    scale_tile.row = tile.row / params.groups;
    store_scales(scale_tile, scale);
  }
}
