// pnpm wgsl gatedForward --shape 8x32 --rstd
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: resident:gateFirst,float32,rows,quad,subgroup4x64/0,2full,gamma,rstd:x gate y! gamma rstd!>y
// Bindings:
//   0 x (read)
//   1 gate (read)
//   2 y (read_write)
//   3 gamma (read)
//   4 rstd (read_write)
//   5 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_sum, team_max, team_any, load_x, sum_of_squares, rescaled, store_rstd, load_gamma, weighted, store_y, write_output, write_rescaled_tile, main
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/silu.ts: times_silu
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, plain_rstd, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> gate: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(5) var<uniform> params: Parameters;

fn load_gate(place: Place) -> Elements {
  return gate[place.index >> 2u];
}

fn norm_input(place: Place) -> Elements {
  return times_silu(load_x(place), load_gate(place));
}
