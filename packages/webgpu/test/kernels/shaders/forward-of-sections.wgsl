// pnpm wgsl forward --shape 2x100000 --dispatch 2
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 2 of 2: loop sections to y:forward,float32,sections,quad,workgroup256x1/32,gamma,:x y! gamma sections>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 sections (read)
//   4 params (uniform, 144 bytes)
// Grid: 26 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, load_x, norm_input, load_gamma, weighted, store_y, write_output
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_in_section, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   forward-sums-of-sections.wgsl: SECTION_STEPS
//   forward-long-rows.wgsl: TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_partials, team_sum, team_max, team_any
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, times_scaled_r, times_r
//   src/kernels/wgsl/sections.ts: SumOfSections, sum_exponent, sum_of_sections, StatisticOfSections
//   src/kernels/forward/loop-shader.ts: write_tile, write_plain_tile

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read> sections: array<vec4u>;
@group(0) @binding(4) var<uniform> params: Parameters;

fn statistic_of_sections(tile: Tile) -> StatisticOfSections {
  let all = sum_of_sections(tile);
  let sum = all.sum;
  let exponent = all.exponent;
  if (exponent == 0 && is_plain(sum)) {
    return StatisticOfSections(Statistic(plain_r(sum), 0), 0.0, 1.0);
  }
  let least = clamp(max(exponent, params.eps_exponent), -126, 126);
  let scaled = sum * power_of_two(exponent - least) * power_of_two(exponent - least);
  return StatisticOfSections(
    scaled_statistic(all.largest, scaled, least, params.factor_mantissa, params.factor_mantissa_low, params.factor_exponent),
    0.0,
    1.0,
  );
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  if (tile_index >= tile_count()) { return; }
  // has_tile is always true for a workgroup team.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  let result = statistic_of_sections(tile);
  write_tile(tile, result.statistic);
}
