// pnpm wgsl forward --shape 8x32 --rstd
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: resident:forward,float32,rows,quad,subgroup4x64/0,2full,gamma,rstd:x y! gamma rstd!>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 rstd (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, plain_rstd, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled

struct Parameters {
  rows: u32, // of this dispatch
  first_slab: u32, // index, in the whole tensor, of the slab [size, inner] that this dispatch starts at
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
  factor: f32, // alpha * sqrt(n), n the features of the sum; sqrt(n) in backward
  factor_low: f32, // what factor lacks in float32; each _low is that of its number

  // For other sums, whose numbers may lie beyond float32: eps = eps_mantissa * 4^eps_exponent is added, or is the least value
  // where eps_clamps is 1; factor = factor_mantissa * 2^factor_exponent; the same for rstd = r / alpha.
  eps_clamps: u32,
  eps_mantissa: f32,
  eps_exponent: i32,
  factor_mantissa: f32,
  factor_mantissa_low: f32,
  factor_exponent: i32,
  rstd_mantissa: f32,
  rstd_mantissa_low: f32,
  rstd_exponent: i32,

  // How x * r is weighted.
  weight_offset: f32,
  weight_offset_low: f32,
  given_scale: f32, // of forwardQuantized

  // Of gradients.
  alpha: f32,
  reciprocal_count: f32, // 1 / n
  chunks: u32, // into which the terms of dgamma and dbeta are split here
  first_chunk: u32, // among the chunks of all dispatches
  chunk_tiles: u32, // tiles that each team takes of a chunk

  // Constants: in the uniform so that the compiler cannot fold them.
  nan_bits: u32,
  infinity_bits: u32,
  zero_bits: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(4) var<uniform> params: Parameters;

// What an invocation reads at a time.
alias Elements = vec4f;
alias ElementBits = vec4u;
alias ElementInts = vec4i;

// A number for each row that an invocation has elements of.
alias RowValues = f32;
alias RowBits = u32;
alias RowInts = i32;
alias RowBools = bool;

// v where it enters the statistic, else 0.
fn within_statistic(tile: Tile, step: u32, v: Elements) -> Elements {
  return v;
}

// The statistic of each element's own row.
fn statistic_for(tile: Tile, step: u32, s: Statistic) -> Statistic { return s; }

// The invocations that share a tile are a team. member() is the index in it, local_team() that of the team in its
// workgroup, team_index() that of the team among all.
const TEAM_WIDTH = 4u;
const TEAMS = 64u; // of a workgroup
const CHAIN = 8u; // how many numbers are added one after the other

fn member() -> u32 { return local_index % TEAM_WIDTH; }

fn local_team() -> u32 { return local_index / TEAM_WIDTH; }

fn team_index(workgroup: u32) -> u32 { return workgroup * TEAMS + local_team(); }

fn team_sum(v: RowValues) -> RowValues {
  var all = v;
  all = all + subgroupShuffleXor(all, 1u);
  all = all + subgroupShuffleXor(all, 2u);
  return all;
}

fn team_max(v: RowBits) -> RowBits {
  var all = v;
  all = max(all, subgroupShuffleXor(all, 1u));
  all = max(all, subgroupShuffleXor(all, 2u));
  return all;
}

fn team_any(flag: RowBools) -> bool { return subgroupAny(flag); }

fn load_x(place: Place) -> Elements {
  return x[place.index >> 2u];
}

fn norm_input(place: Place) -> Elements {
  return load_x(place);
}

// One member's part, of its elements times scale.
fn sum_of_squares(tile: Tile, scale: RowValues) -> RowValues {
  var high = Elements();
  var low = Elements();
  let end = statistic_steps_of(tile);
  for (var start = member(); start < end; start += CHAIN * TEAM_WIDTH) {
    var block = Elements();
    for (var step = start; step < min(start + CHAIN * TEAM_WIDTH, end); step += TEAM_WIDTH) {
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

// Recomputes the statistic from scaled elements, as some row's squares overflowed or vanished. Plain rows keep theirs.
fn rescaled(tile: Tile, sum: RowValues) -> Rescaled {
  let largest = team_max(largest_magnitude(tile));
  let scaling = scaling_exponent(largest);
  let scaled = team_sum(sum_of_squares(tile, power_of_two(-scaling)));
  let plain = is_plain(sum);
  let s = scaled_statistic(largest, scaled, scaling, params.factor_mantissa, params.factor_mantissa_low, params.factor_exponent);
  var result = Rescaled(Statistic(select(s.r, plain_r(sum), plain), select(s.exponent, RowInts(0), plain)), RowValues(), RowValues(1.0));
  let rstd_value = value_of(scaled_statistic(largest, scaled, scaling, params.rstd_mantissa, params.rstd_mantissa_low, params.rstd_exponent));
  result.rstd = select(rstd_value, plain_rstd(sum), plain);
  return result;
}

fn store_rstd(tile: Tile, v: RowValues) {
  rstd[tile.row] = v;
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
  for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
    let place = place_at(tile, step);
    let input = norm_input(place);
    write_output(place, input, times_scaled_r(input, s));
  }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  // A team beyond the last tile takes part in barriers, and writes nothing.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  // Each element is read once: into registers, and its square into the sum.
  let step0 = member() + 0u * TEAM_WIDTH;
  let step1 = member() + 1u * TEAM_WIDTH;
  var x0 = Elements(); x0 = norm_input(place_at(tile, step0));
  var x1 = Elements(); x1 = norm_input(place_at(tile, step1));
  var squares = Elements();
  { let v = within_statistic(tile, step0, x0); squares = fma(v, v, squares); }
  { let v = within_statistic(tile, step1, x1); squares = fma(v, v, squares); }

  let sum = team_sum(sum_per_row(squares));
  if (team_any(!is_plain(sum))) {
    let result = rescaled(tile, sum);
    if (!has_tile) { return; }
    write_rescaled_tile(tile, result.statistic);
    if (member() == 0u) { store_rstd(tile, result.rstd); }
  } else {
    if (!has_tile) { return; }
    let r = plain_r(sum);
    write_output(place_at(tile, step0), x0, x0 * r);
    write_output(place_at(tile, step1), x1, x1 * r);
    if (member() == 0u) { store_rstd(tile, plain_rstd(sum)); }
  }
}
