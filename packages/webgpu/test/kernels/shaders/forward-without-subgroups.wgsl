// pnpm wgsl forward --shape 8x32 --rstd --no-subgroups --weight-offset 1
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: resident:forward,float32,rows,quad,shared4x64/1,2full,gamma,rstd:x y! gamma rstd!>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 rstd (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, load_x, norm_input, sum_of_squares, rescaled, store_rstd, load_gamma, weighted, store_y, write_output, write_rescaled_tile, main
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index, team_partials, team_flag
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, plain_rstd, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled

fn team_sum(v: RowValues) -> RowValues {
  team_partials[local_index] = bitcast<RowBits>(v);
  workgroupBarrier();
  let first = (local_index / TEAM_WIDTH) * TEAM_WIDTH;
  var all = (bitcast<RowValues>(team_partials[first + (0u) * 1u]) + bitcast<RowValues>(team_partials[first + (0u + 1u) * 1u])) + (bitcast<RowValues>(team_partials[first + (0u + 2u) * 1u]) + bitcast<RowValues>(team_partials[first + (0u + 3u) * 1u]));
  for (var i = 4u; i < TEAM_WIDTH; i += 4u) { all = all + (bitcast<RowValues>(team_partials[first + (i) * 1u]) + bitcast<RowValues>(team_partials[first + (i + 1u) * 1u])) + (bitcast<RowValues>(team_partials[first + (i + 2u) * 1u]) + bitcast<RowValues>(team_partials[first + (i + 3u) * 1u])); }
  workgroupBarrier();
  return all;
}

fn team_max(v: RowBits) -> RowBits {
  team_partials[local_index] = bitcast<RowBits>(v);
  workgroupBarrier();
  let first = (local_index / TEAM_WIDTH) * TEAM_WIDTH;
  var all = max((max(bitcast<RowBits>(team_partials[first + (0u) * 1u]), bitcast<RowBits>(team_partials[first + (0u + 1u) * 1u]))), (max(bitcast<RowBits>(team_partials[first + (0u + 2u) * 1u]), bitcast<RowBits>(team_partials[first + (0u + 3u) * 1u]))));
  for (var i = 4u; i < TEAM_WIDTH; i += 4u) { all = max(all, max((max(bitcast<RowBits>(team_partials[first + (i) * 1u]), bitcast<RowBits>(team_partials[first + (i + 1u) * 1u]))), (max(bitcast<RowBits>(team_partials[first + (i + 2u) * 1u]), bitcast<RowBits>(team_partials[first + (i + 3u) * 1u]))))); }
  workgroupBarrier();
  return all;
}

fn team_any(flag: RowBools) -> bool {
  // All who write write the same.
  if (flag) { team_flag = 1u; }
  let all = workgroupUniformLoad(&team_flag) != 0u;
  // For the next tile, whose sums come with barriers of their own.
  if (flag) { team_flag = 0u; }
  return all;
}
