// pnpm wgsl forward --shape 1000x30 --rstd --dtype bfloat16 --axis -1 --partial 0.5
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: resident:forward,bfloat16,rows,ragged,partial,subgroup4x64/0,2full,gamma,rstd:x y! gamma rstd!>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 rstd (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 16 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, statistic_for, TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_sum, team_max, team_any, norm_input, sum_of_squares, rescaled, store_rstd, weighted, write_output, write_rescaled_tile, main
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: widen, narrow, rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, plain_rstd, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(4) var<uniform> params: Parameters;

// v where it enters the statistic, else 0.
fn within_statistic(tile: Tile, step: u32, v: Elements) -> Elements {
  return select(Elements(), v, ELEMENT_OFFSETS + 4u * step < vec4u(params.stat_size));
}

fn load_x(place: Place) -> Elements {
  return select(Elements(), Elements(widen(x[place.index >> 1u]), widen(x[(place.index >> 1u) + 1u])), ELEMENT_OFFSETS < vec4u(place.count));
}

fn load_gamma(place: Place) -> Elements {
  return Elements(gamma[place.feature + 0u], gamma[place.feature + 1u], gamma[place.feature + 2u], gamma[place.feature + 3u]);
}

fn store_y(place: Place, v: Elements) {
  let bits16 = narrow(v);
  let word = place.index >> 1u;
  y[word] = bits16.x | select(y[word] & 0xffff0000u, bits16.y << 16u, place.count > 1u);
  if (place.count > 2u) { y[word + 1u] = bits16.z | select(y[word + 1u] & 0xffff0000u, bits16.w << 16u, place.count > 3u); }
}
