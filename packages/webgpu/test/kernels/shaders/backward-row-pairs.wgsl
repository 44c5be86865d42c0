// pnpm wgsl backward --shape 7x99 --groups 3 --dtype float16 --dsum --dispatch 1
// Dispatch 1 of 2: gradient:float16,resident-row-pairs,features-of-pair,subgroup16x4/0,2/1,true,false,true,true,false,apart:x dy dsum dx! gamma weight_sums!>dx
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 dsum (read)
//   3 dx (read_write)
//   4 gamma (read)
//   5 weight_sums (read_write)
//   6 params (uniform, 144 bytes)
// Grid: 3 x 1 x 1 workgroups

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

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<u32>;
@group(0) @binding(2) var<storage, read> dsum: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<u32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read_write> weight_sums: array<f32>;
@group(0) @binding(6) var<uniform> params: Parameters;

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

// Two rows; the last tile may have one.
fn tile_at(index: u32) -> Tile {
  return Tile(2u * index, 2u * index * params.size, first_feature(2u * index), min(2u, params.rows - 2u * index), 0u, 0u, params.size);
}

fn place_at(tile: Tile, step: u32) -> Place {
  let count = 2u * tile.rows - select(0u, 1u, 2u * step + 1u >= params.size);
  return Place(tile.start + 2u * step, count, tile.feature + 2u * step, first_feature(tile.row + 1u) + 2u * step);
}

// Whether only the first of the two features is there.
fn at_row_end(place: Place) -> bool { return (place.count & 1u) == 1u; }

fn present_in_pair(place: Place) -> vec4<bool> {
  return vec4<bool>(true, place.count > 2u, !at_row_end(place), place.count == 4u);
}

fn steps_of(tile: Tile) -> u32 { return (params.size + 1u) / 2u; }

fn statistic_steps_of(tile: Tile) -> u32 { return (params.stat_size + 1u) / 2u; }

fn tile_count() -> u32 { return (params.rows + 1u) / 2u; }

fn place_for_sum(tile: Tile, step: u32) -> Place { return place_at(tile, step); }

// v where it enters the statistic, else 0.
fn within_statistic(tile: Tile, step: u32, v: Elements) -> Elements {
  return v;
}

// Two elements of either row; both rows' numbers twice.
fn sum_per_row(v: Elements) -> RowValues { return v + v.zwxy; }

fn max_per_row(v: ElementBits) -> RowBits { return max(v, v.zwxy); }

// The statistic of each element's own row.
fn statistic_for(tile: Tile, step: u32, s: Statistic) -> Statistic { return s; }

// The invocations that share a tile are a team: lane() is the index in it, team_index() that of the team.
var<private> local_index: u32;

fn lane() -> u32 { return local_index % 16u; }

fn team_index(workgroup: u32) -> u32 { return workgroup * 4u + local_index / 16u; }

fn team_sum(v: RowValues) -> RowValues {
  var all = v;
  all = all + subgroupShuffleXor(all, 1u);
  all = all + subgroupShuffleXor(all, 2u);
  all = all + subgroupShuffleXor(all, 4u);
  all = all + subgroupShuffleXor(all, 8u);
  return all;
}

fn team_max(v: RowBits) -> RowBits {
  var all = v;
  all = max(all, subgroupShuffleXor(all, 1u));
  all = max(all, subgroupShuffleXor(all, 2u));
  all = max(all, subgroupShuffleXor(all, 4u));
  all = max(all, subgroupShuffleXor(all, 8u));
  return all;
}

fn team_any(flag: RowBools) -> bool { return subgroupAny(any(flag)); }

fn widen(word: u32) -> vec2f {
  return unpack2x16float(word);
}

fn narrow(v: Elements) -> ElementBits {
  let words = vec2u(pack2x16float(v.xy), pack2x16float(v.zw));
  return vec4u(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u);
}

// The zero is not known to a compiler, which else could leave the two conversions out (llvmpipe's does).
fn rounded(v: Elements) -> Elements {
  let half = narrow(v) ^ ElementBits(params.zero_bits);
  return Elements(widen(half.x).x, widen(half.y).x, widen(half.z).x, widen(half.w).x);
}

fn load_x(place: Place) -> Elements {
  let first = widen(x[place.index >> 1u]);
  let word = (place.index + params.size) >> 1u;
  return select(Elements(), Elements(first.x, widen(x[word]).y, first.y, widen(x[word + 1u]).x), present_in_pair(place));
}

fn load_dy(place: Place) -> Elements {
  let first = widen(dy[place.index >> 1u]);
  let word = (place.index + params.size) >> 1u;
  return select(Elements(), Elements(first.x, widen(dy[word]).y, first.y, widen(dy[word + 1u]).x), present_in_pair(place));
}

fn load_dsum_by_words(place: Place) -> Elements {
  return Elements(widen(dsum[place.index >> 1u]), widen(dsum[((place.index + params.size) >> 1u) + 1u]));
}

fn store_dx(place: Place, v: Elements) {
  let half = narrow(v);
  let word = place.index >> 1u;
  // Behind the tensor's last element there is half a word that stays as it is.
  dx[word] = half.x | select(half.y << 16u, dx[word] & 0xffff0000u, place.count == 1u);
  if (place.count == 4u) { dx[((place.index + params.size) >> 1u) + 1u] = half.z | (half.w << 16u); }
}

fn load_gamma(place: Place) -> Elements {
  return Elements(gamma[place.feature], gamma[place.second_feature], gamma[place.feature + 1u], gamma[place.second_feature + 1u]);
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
  for (var start = lane(); start < end; start += 128u) {
    var block = Elements();
    for (var step = start; step < min(start + 128u, end); step += 16u) {
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
  for (var step = lane(); step < statistic_steps_of(tile); step += 16u) {
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

var<workgroup> team_totals: array<TermTotal, 64>;

fn total_across_teams(own: TermTotal) -> TermTotal {
  let at = team_index(0u) * 16u + lane();
  workgroupBarrier();
  team_totals[at] = own;
  for (var half = 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (team_index(0u) < half) { team_totals[at] = add_term_totals(team_totals[at], team_totals[at + half * 16u]); }
  }
  return team_totals[at];
}

fn store_weight_sum(start: u32, tile: Tile, step: u32, v: Elements) {
  let second = start + first_feature(tile.row + 1u) - tile.feature + (params.groups % 2u) * params.groups * params.size * 1u;
  weight_sums[start + 2u * step] = v.x;
  weight_sums[second + 2u * step] = v.y;
  if (2u * step + 1u < params.size) {
    weight_sums[start + 2u * step + 1u] = v.z;
    weight_sums[second + 2u * step + 1u] = v.w;
  }
}

// g; 0 beyond the row's end, whatever stands there in gamma.
fn weighted_dy(place: Place, dy: Elements) -> Elements {
  let g = dy * ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return select(Elements(), g, present_in_pair(place));
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

fn neighbour_x(place: Place) -> f32 {
  return widen(x[select(((place.index + params.size) >> 1u) + 1u, place.index >> 1u, at_row_end(place))]).y;
}

fn neighbour_dy(place: Place) -> f32 {
  return widen(dy[select(((place.index + params.size) >> 1u) + 1u, place.index >> 1u, at_row_end(place))]).y;
}

fn by_words(place: Place, v: Elements, neighbour: f32) -> Elements {
  return Elements(v.x, select(v.z, neighbour, at_row_end(place)), v.w, neighbour);
}

fn row_values_by_words(place: Place, v: RowValues) -> RowValues { return select(v.xxyy, v.xyyy, at_row_end(place)); }

fn statistic_by_words(place: Place, s: Statistic) -> Statistic {
  return Statistic(row_values_by_words(place, s.r), select(s.power.xxyy, s.power.xyyy, at_row_end(place)));
}

fn statistic_of_neighbour(s: Statistic) -> Statistic { return Statistic(s.r.yyyy, s.power.yyyy); }

// Within their groups.
fn features_by_words(place: Place, step: u32) -> vec4u {
  return select(2u * step + vec4u(0u, 1u, 1u, 2u), vec4u(2u * step, 0u, 0u, 0u), at_row_end(place));
}

fn gamma_by_words(place: Place, step: u32) -> Elements {
  let f = features_by_words(place, step);
  let first = place.feature - 2u * step;
  let second = place.second_feature - 2u * step;
  return Elements(gamma[first + f.x], gamma[select(first, second, at_row_end(place)) + f.y], gamma[second + f.z], gamma[second + f.w]);
}

fn gradient_by_words(place: Place, step: u32, n: Elements, dy: Elements, mean: RowValues, s: Statistic, special: bool) -> Elements {
  let own = statistic_by_words(place, s);
  let g = dy * ((gamma_by_words(place, step) + params.weight_offset) + params.weight_offset_low);
  let v = fma(-n, row_values_by_words(place, mean), g);
  return times_tile_r(select(v, g, own.power == RowInts(ZERO_ROW)), own, special);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let workgroup_index = workgroup.x + workgroup.y * grid.x;
  // All tiles of a workgroup are of one group of features, or of the same two; it has a chunk of them.
  let groups = select(params.groups, params.groups / 2u, params.groups % 2u == 0u);
  let group = workgroup_index % groups;
  let section = 0u;
  let chunk = workgroup_index / (groups);
  if (chunk >= params.chunks) { return; }
  let tiles_of_slab = params.inner / 1u;
  let slabs = tile_count();
  let count = select(0u, (slabs - group + groups - 1u) / groups, group < slabs) * tiles_of_slab;
  let first = chunk * params.chunk_tiles * 4u + team_index(0u);

  var x0 = Elements();
  var x1 = Elements();
  var dy0 = Elements();
  var dy1 = Elements();
  var x_neighbour0 = f32();
  var x_neighbour1 = f32();
  var dy_neighbour0 = f32();
  var dy_neighbour1 = f32();
  var dgamma_sum0 = TermTotal();
  var dgamma_sum1 = TermTotal();

  for (var i = 0u; i < params.chunk_tiles; i++) {
    let tile_in_group = first + i * 4u;
    let has_tile = tile_in_group < count;
    let tile_index = (group + groups * (tile_in_group / tiles_of_slab)) * tiles_of_slab + tile_in_group % tiles_of_slab;
    let tile = tile_at(min(tile_index, tile_count() - 1u));

    {
      let step = lane() + 0u;
      let place = place_at(tile, step); x0 = load_x(place); dy0 = load_dy(place);
      x_neighbour0 = neighbour_x(place); dy_neighbour0 = neighbour_dy(place);
    }
    {
      let step = lane() + 16u;
      if (step < steps_of(tile)) {
        let place = place_at(tile, step); x1 = load_x(place); dy1 = load_dy(place);
        x_neighbour1 = neighbour_x(place); dy_neighbour1 = neighbour_dy(place);
      }
    }

    var s = Statistic(RowValues(), RowInts());
    var special = false;
    var clamped = RowBools();
    var squares = Elements();
    { let step = lane() + 0u; let v = within_statistic(tile, step, x0); squares = fma(v, v, squares); }
    { let step = lane() + 16u; if (step < steps_of(tile)) { let v = within_statistic(tile, step, x1); squares = fma(v, v, squares); } }
    let sum = team_sum(sum_per_row(squares));
    clamped = sum <= RowValues(params.eps_least);
    s.r = plain_r(sum);
    if (team_any(!is_plain(sum))) {
      let result = rescaled(tile, sum);
      clamped = result.clamped;
      s = result.statistic;
      special = true;
    }
    clamped = clamped & RowBools(params.eps_clamps != 0u);
    {
      let step = lane() + 0u;
      x0 = times_tile_r(x0, s, special);
      x_neighbour0 = times_tile_r(Elements(x_neighbour0), statistic_of_neighbour(s), special).x;
    }
    {
      let step = lane() + 16u;
      if (step < steps_of(tile)) {
        x1 = times_tile_r(x1, s, special);
        x_neighbour1 = times_tile_r(Elements(x_neighbour1), statistic_of_neighbour(s), special).x;
      }
    }

    var products = Elements();
    { let step = lane() + 0u; products = fma(weighted_dy(place_at(tile, step), dy0), x0, products); }
    { let step = lane() + 16u; if (step < steps_of(tile)) { products = fma(weighted_dy(place_at(tile, step), dy1), x1, products); } }
    var mean = team_sum(sum_per_row(products)) * params.reciprocal_count;
    mean = select(mean, RowValues(), clamped | (s.power == RowInts(ZERO_ROW)));

    if (has_tile) {
      {
        let step = lane() + 0u;
        let place = place_at(tile, step);
        let gradient = gradient_by_words(place, step, by_words(place, x0, x_neighbour0), by_words(place, dy0, dy_neighbour0), mean, s, special);
        store_dx(place, fma(gradient, Elements(params.alpha), load_dsum_by_words(place)));
        dgamma_sum0 = add_term(dgamma_sum0, term_of(dy0 * (x0 * params.alpha)));
      }
      {
        let step = lane() + 16u;
        if (step < steps_of(tile)) {
          let place = place_at(tile, step);
          let gradient = gradient_by_words(place, step, by_words(place, x1, x_neighbour1), by_words(place, dy1, dy_neighbour1), mean, s, special);
          store_dx(place, fma(gradient, Elements(params.alpha), load_dsum_by_words(place)));
          dgamma_sum1 = add_term(dgamma_sum1, term_of(dy1 * (x1 * params.alpha)));
        }
      }
    }
  }

  let features = params.groups * params.size;
  let tile = tile_at(group * tiles_of_slab);
  let start = (params.first_chunk + chunk) * features * 1u * (1u + params.groups % 2u) + tile.feature;
  {
    let step = lane() + 0u;
    {
      let v = total_across_teams(dgamma_sum0);
      if (team_index(0u) == 0u && step < steps_of(tile)) {
        store_weight_sum(start, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
  }
  {
    let step = lane() + 16u;
    {
      let v = total_across_teams(dgamma_sum1);
      if (team_index(0u) == 0u && step < steps_of(tile)) {
        store_weight_sum(start, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
  }
}
