// pnpm wgsl forwardQuantized --shape 8x128 --groups 4
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: quantized-loop:float32,rows,quad,subgroup4x4/0,gamma,false,true:x gamma scales! q!
// Bindings:
//   0 x (read)
//   1 gamma (read)
//   2 scales (read_write)
//   3 q (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 8 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, member, local_team, team_index, team_sum, team_max, team_any, load_x, norm_input, sum_of_squares, load_gamma, weighted
//   quantized-rows.wgsl: store_scales, store_bytes
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled
//   forward-columns.wgsl: rescaled
//   src/kernels/quantized/quantize.ts: quantized
//   src/kernels/quantized/loop-shader.ts: workgroup_largest

// The invocations that share a tile are a team. member() is the index in it, local_team() that of the team in its
// workgroup, team_index() that of the team among all.
const TEAM_WIDTH = 4u;
const TEAMS = 4u; // of a workgroup
const CHAIN = 8u; // how many numbers are added one after the other

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  // A position (outer, inner) has one scale for all its groups. Positions are counted by tiles of one group.
  let positions = tile_count() / params.groups;
  let position = workgroup.x + workgroup.y * grid.x;
  if (position >= positions) { return; }
  let own_position = min(position, positions - 1u);
  let first_tile = (own_position / 1u) * params.groups * 1u + own_position % 1u;
  var largest = RowBits();
  var s = Statistic();
  for (var start = 0u; start < params.groups; start += TEAMS) {
    let group = start + local_team();
    let has_tile = group < params.groups;
    let tile = tile_at(first_tile + min(group, params.groups - 1u) * 1u);
    // The statistic of a group, and the largest |y| so far.
    let sum = team_sum(sum_of_squares(tile, RowValues(1.0)));
    s = Statistic(plain_r(sum), RowInts());
    if (team_any(!is_plain(sum))) { s = rescaled(tile, sum).statistic; }
    if (has_tile) {
      for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
        let place = place_at(tile, step);
        let y = weighted(place, times_r(norm_input(place), s));
        largest = max(largest, max_per_row(bitcast<ElementBits>(y) & ElementBits(MAGNITUDE_BITS)));
      }
    }
  }
  atomicMax(&workgroup_largest, largest);
  workgroupBarrier();
  largest = atomicLoad(&workgroup_largest);
  let scale = select(bitcast<RowValues>(largest) * 0.007874015748031496, RowValues(1.0), largest == RowBits());
  for (var start = 0u; start < params.groups; start += TEAMS) {
    let group = start + local_team();
    let has_tile = group < params.groups;
    let tile = tile_at(first_tile + min(group, params.groups - 1u) * 1u);
    if (has_tile) {
      for (var step = member(); step < steps_of(tile); step += TEAM_WIDTH) {
        let place = place_at(tile, step);
        store_bytes(place, quantized(weighted(place, times_r(norm_input(place), s)), Elements(scale)));
      }
    }
  }
  if (position < positions && local_index == 0u) {
    var scale_tile = tile_at(first_tile);
    scale_tile.row = (own_position / 1u) * params.inner + (own_position % 1u) * 1u;
    store_scales(scale_tile, scale);
  }
}
