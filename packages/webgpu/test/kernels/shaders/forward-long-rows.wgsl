// pnpm wgsl forward --shape 8x20000
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: loop elements to y:forward,float32,rows,quad,workgroup256x1/32,gamma,:x y! gamma>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 params (uniform, 144 bytes)
// Grid: 8 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, load_x, norm_input, sum_of_squares, load_gamma, weighted, store_y, write_output
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled
//   forward-columns.wgsl: rescaled
//   src/kernels/forward/loop-shader.ts: write_tile, write_plain_tile

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<uniform> params: Parameters;

// The invocations that share a tile are a team. member() is the index in it, local_team() that of the team in its
// workgroup, team_index() that of the team among all.
const TEAM_WIDTH = 256u;
const TEAMS = 1u; // of a workgroup
const CHAIN = 8u; // how many numbers are added one after the other

fn member() -> u32 { return local_index; }

fn local_team() -> u32 { return 0u; }

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

// The sum, and so the flag, is the same in the whole team.
fn team_any(flag: RowBools) -> bool { return flag; }

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  if (tile_index >= tile_count()) { return; }
  // has_tile is always true for a workgroup team.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  let sum = team_sum(sum_of_squares(tile, RowValues(1.0)));
  if (team_any(!is_plain(sum))) {
    let result = rescaled(tile, sum);
    if (!has_tile) { return; }
    write_tile(tile, result.statistic);
  } else {
    if (!has_tile) { return; }
    write_plain_tile(tile, Statistic(plain_r(sum), RowInts(0)));
  }
}
