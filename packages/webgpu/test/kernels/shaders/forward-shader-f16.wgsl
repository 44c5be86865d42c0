// pnpm wgsl forward --shape 8x32 --rstd --dtype float16 --casting llama --shader-f16
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: resident:forward,float16,rows,quad,subgroup4x64/0,2full,gamma+rounds,rstd:x y! gamma rstd!>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 rstd (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_sum, team_max, team_any, norm_input, sum_of_squares, rescaled, store_rstd, load_gamma, write_output, write_rescaled_tile, main
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, plain_rstd, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled

enable f16;
enable subgroups;

@group(0) @binding(0) var<storage, read> x: array<vec2u>;
@group(0) @binding(1) var<storage, read_write> y: array<vec2u>;
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(4) var<uniform> params: Parameters;

fn widen(word: u32) -> vec2f {
  return vec2f(bitcast<vec2h>(word));
}

fn narrow(v: Elements) -> ElementBits {
  let words = bitcast<vec2u>(vec4h(v));
  return vec4u(words.x & 0xffffu, words.x >> 16u, words.y & 0xffffu, words.y >> 16u);
}

// The zero is not known to a compiler, which else could leave the two conversions out (llvmpipe's does).
fn rounded(v: Elements) -> Elements {
  let bits16 = narrow(v) ^ ElementBits(params.zero_bits);
  return Elements(widen(bits16.x).x, widen(bits16.y).x, widen(bits16.z).x, widen(bits16.w).x);
}

fn load_x(place: Place) -> Elements {
  let words = x[place.index >> 2u];
  return Elements(widen(words.x), widen(words.y));
}

fn weighted(place: Place, normed: Elements) -> Elements {
  let v = rounded(normed);
  let weight = ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return v * weight;
}

fn store_y(place: Place, v: Elements) {
  let bits16 = narrow(v);
  y[place.index >> 2u] = bits16.xz | (bits16.yw << vec2u(16u));
}
