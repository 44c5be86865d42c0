// pnpm wgsl forward --shape 8x1024 --rstd --subgroups 4
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: resident:forward,float32,rows,quad,subgroup4x64/0,64full,gamma,rstd:x y! gamma rstd!>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 rstd (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_sum, team_max, team_any, load_x, norm_input, sum_of_squares, rescaled, store_rstd, load_gamma, weighted, store_y, write_output, write_rescaled_tile
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, plain_rstd, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  // A team beyond the last tile takes part in barriers, and writes nothing.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  // Each element is read once: into registers, and its square into the sum.
  var x: array<Elements, 64>;
  var high = Elements();
  var low = Elements();
  for (var slot = 0u; slot < 64u; slot += CHAIN) {
    let start = member() + slot * TEAM_WIDTH;
    var block = Elements();
    { let input = norm_input(place_at(tile, (start + 0u * TEAM_WIDTH))); x[slot + 0u] = input; let v = within_statistic(tile, (start + 0u * TEAM_WIDTH), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 1u * TEAM_WIDTH))); x[slot + 1u] = input; let v = within_statistic(tile, (start + 1u * TEAM_WIDTH), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 2u * TEAM_WIDTH))); x[slot + 2u] = input; let v = within_statistic(tile, (start + 2u * TEAM_WIDTH), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 3u * TEAM_WIDTH))); x[slot + 3u] = input; let v = within_statistic(tile, (start + 3u * TEAM_WIDTH), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 4u * TEAM_WIDTH))); x[slot + 4u] = input; let v = within_statistic(tile, (start + 4u * TEAM_WIDTH), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 5u * TEAM_WIDTH))); x[slot + 5u] = input; let v = within_statistic(tile, (start + 5u * TEAM_WIDTH), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 6u * TEAM_WIDTH))); x[slot + 6u] = input; let v = within_statistic(tile, (start + 6u * TEAM_WIDTH), input); block = fma(v, v, block); }
    { let input = norm_input(place_at(tile, (start + 7u * TEAM_WIDTH))); x[slot + 7u] = input; let v = within_statistic(tile, (start + 7u * TEAM_WIDTH), input); block = fma(v, v, block); }
    let sum = opaque(high + block);
    let back = opaque(sum - high);
    low += (high - (sum - back)) + (block - back);
    high = sum;
  }
  let squares = with_lost(high, low);

  let sum = team_sum(sum_per_row(squares));
  if (team_any(!is_plain(sum))) {
    let result = rescaled(tile, sum);
    if (!has_tile) { return; }
    write_rescaled_tile(tile, result.statistic);
    if (member() == 0u) { store_rstd(tile, result.rstd); }
  } else {
    if (!has_tile) { return; }
    let r = plain_r(sum);
    for (var slot = 0u; slot < 64u; slot += CHAIN) {
      let start = member() + slot * TEAM_WIDTH;
      { write_output(place_at(tile, (start + 0u * TEAM_WIDTH)), x[slot + 0u], x[slot + 0u] * r); }
      { write_output(place_at(tile, (start + 1u * TEAM_WIDTH)), x[slot + 1u], x[slot + 1u] * r); }
      { write_output(place_at(tile, (start + 2u * TEAM_WIDTH)), x[slot + 2u], x[slot + 2u] * r); }
      { write_output(place_at(tile, (start + 3u * TEAM_WIDTH)), x[slot + 3u], x[slot + 3u] * r); }
      { write_output(place_at(tile, (start + 4u * TEAM_WIDTH)), x[slot + 4u], x[slot + 4u] * r); }
      { write_output(place_at(tile, (start + 5u * TEAM_WIDTH)), x[slot + 5u], x[slot + 5u] * r); }
      { write_output(place_at(tile, (start + 6u * TEAM_WIDTH)), x[slot + 6u], x[slot + 6u] * r); }
      { write_output(place_at(tile, (start + 7u * TEAM_WIDTH)), x[slot + 7u], x[slot + 7u] * r); }
    }
    if (member() == 0u) { store_rstd(tile, plain_rstd(sum)); }
  }
}
