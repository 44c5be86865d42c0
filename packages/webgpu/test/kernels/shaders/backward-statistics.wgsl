// pnpm wgsl backward --shape 2x64x3 --dtype bfloat16 --dispatch 1
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 2: gradient-statistics:bfloat16,columns,one,shared8x32/32,true,false,true:x dy gamma statistics!
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 gamma (read)
//   3 statistics (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, team_index, sum_of_squares
//   forward-statistics.wgsl: Elements, ElementBits, ElementInts, TILE_ROWS, team_sum, team_max, load_x
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index, team_partials, team_flag
//   forward-columns.wgsl: member, local_team, load_gamma
//   forward-without-subgroups.wgsl: team_any
//   src/kernels/wgsl/float16.ts: widen
//   src/kernels/backward/section-shaders.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, slope_factor, plain_slope_factor, scaled_slope_factor, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled
//   backward-rows.wgsl: rescaled, Total, opaque_total, add, add_totals, value_of_total
//   src/kernels/backward/gradient.ts: gradient_mean
//   src/kernels/backward/statistics-shader.ts: sum_of_products

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<u32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> statistics: array<vec4u>;
@group(0) @binding(4) var<uniform> params: Parameters;

// The invocations that share a tile are a team. member() is the index in it, local_team() that of the team in its
// workgroup, team_index() that of the team among all.
const TEAM_WIDTH = 8u;
const TEAMS = 32u; // of a workgroup
const CHAIN = 8u; // how many numbers are added one after the other

fn load_dy(place: Place) -> Elements {
  return widen(dy[(place.index) >> 1u])[(place.index) & 1u];
}

fn store_statistics(tile: Tile, s: Statistic, mean: RowValues) {
  statistics[tile.row] = vec4u(bitcast<u32>(s.r), bitcast<u32>(s.exponent), bitcast<u32>(mean), 0u);
}

fn load_weighted_dy(place: Place) -> Elements {
  let g = load_dy(place) * ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return g;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  // A team beyond the last tile takes part in barriers, and writes nothing.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  var s = Statistic(RowValues(), RowInts());
  var slope_factor = RowValues(1.0);
  let sum = team_sum(sum_of_squares(tile, RowValues(1.0)));
  slope_factor = plain_slope_factor(sum);
  s.r = plain_r(sum);
  if (team_any(!is_plain(sum))) {
    let result = rescaled(tile, sum);
    slope_factor = result.slope_factor;
    s = result.statistic;
  }

  let mean = team_sum(sum_of_products(tile, s)) * params.reciprocal_count;
  if (has_tile && member() == 0u) {
    store_statistics(tile, s, gradient_mean(mean, slope_factor, s));
  }
}
