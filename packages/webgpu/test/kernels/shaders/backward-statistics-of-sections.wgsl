// pnpm wgsl backward --shape 1x65537 --dtype bfloat16 --dispatch 2
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 2 of 5: gradient-combined:bfloat16,rows,unaligned,invocation1x256/0,true:sections statistics!
// Bindings:
//   0 sections (read)
//   1 statistics (read_write)
//   2 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, local_team, team_index
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   backward-row-pairs.wgsl: member, team_sum, team_max
//   forward-long-rows.wgsl: team_any
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, slope_factor, plain_slope_factor, scaled_slope_factor
//   src/kernels/wgsl/sections.ts: SumOfSections, sum_exponent, sum_of_sections, StatisticOfSections, products_exponent, mean_of_sections
//   backward-of-sections.wgsl: statistic_of_sections
//   backward-statistics.wgsl: store_statistics
//   src/kernels/backward/gradient.ts: gradient_mean

@group(0) @binding(0) var<storage, read> sections: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> statistics: array<vec4u>;
@group(0) @binding(2) var<uniform> params: Parameters;

// The invocations that share a tile are a team. member() is the index in it, local_team() that of the team in its
// workgroup, team_index() that of the team among all.
const TEAM_WIDTH = 1u;
const TEAMS = 256u; // of a workgroup
const CHAIN = 8u; // how many numbers are added one after the other

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  if (tile_index >= tile_count()) { return; }
  let tile = tile_at(tile_index);
  let all = statistic_of_sections(tile);
  let s = all.statistic;
  let slope_factor = all.slope_factor;
  store_statistics(tile, s, gradient_mean(mean_of_sections(tile, s), slope_factor, s));
}
