// pnpm wgsl forward --shape 2x100000 --dispatch 1
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 2: loop elements to section:forward,float32,sections,quad,workgroup256x1/32,gamma,:x sections!
// Bindings:
//   0 x (read)
//   1 sections (read_write)
//   2 params (uniform, 144 bytes)
// Grid: 26 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, load_x, norm_input, sum_of_squares
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_in_section, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   forward-long-rows.wgsl: TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_partials, team_sum, team_max, team_any
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled
//   forward-columns.wgsl: rescaled

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> sections: array<vec4u>;
@group(0) @binding(2) var<uniform> params: Parameters;

const SECTION_STEPS = 2048u;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  if (tile_index >= tile_count()) { return; }
  // has_tile is always true for a workgroup team.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  let sum = team_sum(sum_of_squares(tile, 1.0));
  // Where the sum is plain the largest element does not matter: as if it were 1.
  var result = vec4u(bitcast<u32>(sum), 0u, 0x3f800000u, 0u);
  if (team_any(!is_plain(sum))) {
    let largest = team_max(largest_magnitude(tile));
    let scaling = scaling_exponent(largest);
    let scaled = team_sum(sum_of_squares(tile, power_of_two(-scaling)));
    result = vec4u(bitcast<u32>(scaled), bitcast<u32>(scaling) & 0xffffu, largest, 0u);
  }
  if (member() == 0u) { sections[tile.row * params.sections + tile.section] = result; }
}
