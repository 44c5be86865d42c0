// pnpm wgsl forward --shape 7x9 --dtype float16 --bias
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: resident:forward,float16,resident-row-pairs,features-of-pair,subgroup4x64/0,2,gamma+beta,:x y! gamma beta>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 beta (read)
//   4 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, within_statistic, statistic_for, TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_sum, team_max, norm_input, sum_of_squares, write_output
//   forward-columns.wgsl: RowValues, RowBits, RowInts, RowBools, rescaled
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/row-pairs.ts: tile_at, place_at, at_row_end, present_in_pair, steps_of, statistic_steps_of, tile_count, by_words, row_values_by_words, statistic_by_words, statistic_of_neighbour, features_by_words
//   src/kernels/wgsl/teamwork.ts: local_index
//   forward-shader-f16.wgsl: rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled
//   src/kernels/forward/resident-shader.ts: second_row_feature

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<uniform> params: Parameters;

fn team_any(flag: RowBools) -> bool { return subgroupAny(any(flag)); }

fn widen(word: u32) -> vec2f {
  return unpack2x16float(word);
}

fn narrow(v: Elements) -> ElementBits {
  let words = vec2u(pack2x16float(v.xy), pack2x16float(v.zw));
  return vec4u(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u);
}

fn load_x(place: Place) -> Elements {
  let first = widen(x[place.index >> 1u]);
  let word = (place.index + params.size) >> 1u;
  return select(Elements(), Elements(first.x, widen(x[word]).y, first.y, widen(x[word + 1u]).x), present_in_pair(place));
}

fn load_x_by_words(place: Place) -> Elements {
  return Elements(widen(x[place.index >> 1u]), widen(x[((place.index + params.size) >> 1u) + 1u]));
}

fn neighbour_x(place: Place) -> f32 {
  return widen(x[select(((place.index + params.size) >> 1u) + 1u, place.index >> 1u, at_row_end(place))]).y;
}

fn norm_input_by_words(place: Place) -> Elements {
  return load_x_by_words(place);
}

fn neighbour(place: Place) -> f32 {
  let v = Elements(neighbour_x(place));
  return v.x;
}

fn load_gamma(place: Place) -> Elements {
  return Elements(gamma[place.feature], gamma[select(place.feature + 1u, second_row_feature, at_row_end(place))], gamma[place.second_feature + 1u], gamma[place.second_feature + 2u]);
}

fn load_beta(place: Place) -> Elements {
  return Elements(beta[place.feature], beta[select(place.feature + 1u, second_row_feature, at_row_end(place))], beta[place.second_feature + 1u], beta[place.second_feature + 2u]);
}

fn weighted(place: Place, normed: Elements) -> Elements {
  let v = normed;
  let weight = ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return fma(v, weight, load_beta(place));
}

fn store_y(place: Place, v: Elements) {
  let bits16 = narrow(v);
  let word = place.index >> 1u;
  // Behind the tensor's last element there is half a word that stays as it is.
  y[word] = bits16.x | select(bits16.y << 16u, y[word] & 0xffff0000u, place.count == 1u);
  if (place.count == 4u) { y[((place.index + params.size) >> 1u) + 1u] = bits16.z | (bits16.w << 16u); }
}

fn write_rescaled_tile(tile: Tile, s: Statistic) {
  for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
    let place = place_at(tile, step);
    let input = norm_input_by_words(place);
    write_output(place, input, times_scaled_r(input, statistic_by_words(place, s)));
  }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  // A team beyond the last tile takes part in barriers, and writes nothing.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  second_row_feature = first_feature(tile.row + 1u);
  // Each element is read once: into registers, and its square into the sum.
  let step0 = member() + 0u * TEAM_WIDTH;
  let step1 = member() + 1u * TEAM_WIDTH;
  var x0 = Elements(); x0 = norm_input(place_at(tile, step0));
  var x1 = Elements(); if (step1 < steps_of(tile)) { x1 = norm_input(place_at(tile, step1)); }
  var neighbour0 = 0.0; neighbour0 = neighbour(place_at(tile, step0));
  var neighbour1 = 0.0; if (step1 < steps_of(tile)) { neighbour1 = neighbour(place_at(tile, step1)); }
  var squares = Elements();
  { let v = within_statistic(tile, step0, x0); squares = fma(v, v, squares); }
  { let v = within_statistic(tile, step1, x1); squares = fma(v, v, squares); }

  let sum = team_sum(sum_per_row(squares));
  if (team_any(!is_plain(sum))) {
    let result = rescaled(tile, sum);
    if (!has_tile) { return; }
    write_rescaled_tile(tile, result.statistic);
  } else {
    if (!has_tile) { return; }
    let r = plain_r(sum);
    { let place = place_at(tile, step0); let input = by_words(place, x0, neighbour0); write_output(place, input, input * row_values_by_words(place, r)); }
    if (step1 < steps_of(tile)) { { let place = place_at(tile, step1); let input = by_words(place, x1, neighbour1); write_output(place, input, input * row_values_by_words(place, r)); } }
  }
}
