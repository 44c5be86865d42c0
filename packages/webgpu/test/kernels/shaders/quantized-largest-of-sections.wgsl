// pnpm wgsl forwardQuantized --shape 2x100000 --no-affine --dispatch 2
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 2 of 3: quantized-sections largest:float32,sections,quad,workgroup256x1/32,,false:x sections largest_of_sections!
// Bindings:
//   0 x (read)
//   1 sections (read)
//   2 largest_of_sections (read_write)
//   3 params (uniform, 144 bytes)
// Grid: 26 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, load_x, norm_input
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_in_section, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   forward-sums-of-sections.wgsl: SECTION_STEPS
//   forward-long-rows.wgsl: TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_partials, team_sum, team_max, team_any
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, times_scaled_r, times_r
//   src/kernels/wgsl/sections.ts: SumOfSections, sum_exponent, sum_of_sections, StatisticOfSections
//   forward-of-sections.wgsl: statistic_of_sections
//   forward-long-row-pairs.wgsl: weighted

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> sections: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> largest_of_sections: array<u32>;
@group(0) @binding(3) var<uniform> params: Parameters;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = workgroup.x + workgroup.y * grid.x;
  if (tile_index >= tile_count()) { return; }
  let tile = tile_at(tile_index);
  let s = statistic_of_sections(tile).statistic;
  var largest = 0u;
  for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
    let place = place_at(tile, step);
    let y = weighted(place, times_r(norm_input(place), s));
    largest = max(largest, max_per_row(bitcast<ElementBits>(select(Elements(), y, ELEMENT_OFFSETS < vec4u(place.count))) & ElementBits(MAGNITUDE_BITS)));
  }
  largest = team_max(largest);
  if (member() == 0u) { largest_of_sections[tile_index] = largest; }
}
