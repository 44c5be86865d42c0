// pnpm wgsl forward --shape 2x64x3 --dtype bfloat16 --dispatch 1
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 2: loop elements to r:forward,bfloat16,columns,one,shared4x64/64,gamma,:x r! exponents!
// Bindings:
//   0 x (read)
//   1 r (read_write)
//   2 exponents (read_write)
//   3 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, TEAM_WIDTH, TEAMS, CHAIN, team_index, norm_input, sum_of_squares
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index, team_partials, team_flag
//   forward-columns.wgsl: member, local_team, rescaled
//   forward-without-subgroups.wgsl: team_any
//   src/kernels/wgsl/float16.ts: widen, narrow, rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> r: array<f32>;
@group(0) @binding(2) var<storage, read_write> exponents: array<i32>;
@group(0) @binding(3) var<uniform> params: Parameters;

// What an invocation reads at a time.
alias Elements = f32;
alias ElementBits = u32;
alias ElementInts = i32;

const TILE_ROWS = 1u;

fn team_sum(v: RowValues) -> RowValues {
  team_partials[local_index] = bitcast<RowBits>(v);
  workgroupBarrier();
  let first = local_index % TEAMS;
  var all = (bitcast<RowValues>(team_partials[first + (0u) * TEAMS]) + bitcast<RowValues>(team_partials[first + (0u + 1u) * TEAMS])) + (bitcast<RowValues>(team_partials[first + (0u + 2u) * TEAMS]) + bitcast<RowValues>(team_partials[first + (0u + 3u) * TEAMS]));
  for (var i = 4u; i < TEAM_WIDTH; i += 4u) { all = all + (bitcast<RowValues>(team_partials[first + (i) * TEAMS]) + bitcast<RowValues>(team_partials[first + (i + 1u) * TEAMS])) + (bitcast<RowValues>(team_partials[first + (i + 2u) * TEAMS]) + bitcast<RowValues>(team_partials[first + (i + 3u) * TEAMS])); }
  workgroupBarrier();
  return all;
}

fn team_max(v: RowBits) -> RowBits {
  team_partials[local_index] = bitcast<RowBits>(v);
  workgroupBarrier();
  let first = local_index % TEAMS;
  var all = max((max(bitcast<RowBits>(team_partials[first + (0u) * TEAMS]), bitcast<RowBits>(team_partials[first + (0u + 1u) * TEAMS]))), (max(bitcast<RowBits>(team_partials[first + (0u + 2u) * TEAMS]), bitcast<RowBits>(team_partials[first + (0u + 3u) * TEAMS]))));
  for (var i = 4u; i < TEAM_WIDTH; i += 4u) { all = max(all, max((max(bitcast<RowBits>(team_partials[first + (i) * TEAMS]), bitcast<RowBits>(team_partials[first + (i + 1u) * TEAMS]))), (max(bitcast<RowBits>(team_partials[first + (i + 2u) * TEAMS]), bitcast<RowBits>(team_partials[first + (i + 3u) * TEAMS]))))); }
  workgroupBarrier();
  return all;
}

fn load_x(place: Place) -> Elements {
  return widen(x[(place.index) >> 1u])[(place.index) & 1u];
}

fn store_r(tile: Tile, v: RowValues) {
  r[tile.row] = v;
}

fn store_exponents(tile: Tile, v: RowInts) {
  exponents[tile.row] = v;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  // A team beyond the last tile takes part in barriers, and writes nothing.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  let sum = team_sum(sum_of_squares(tile, RowValues(1.0)));
  var s = Statistic(plain_r(sum), RowInts(0));
  if (team_any(!is_plain(sum))) {
    let result = rescaled(tile, sum);
    s = result.statistic;
  }
  if (has_tile && member() == 0u) { store_r(tile, s.r); store_exponents(tile, s.exponent); }
}
