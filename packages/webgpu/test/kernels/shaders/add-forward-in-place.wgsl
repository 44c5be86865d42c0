// pnpm wgsl addForward --shape 8x32 --rstd --dtype float16 --casting llama --float16 bits --in-place
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: resident:addForward,float16,rows,quad,subgroup4x64/0,2full,gamma+rounds,rstd:x! residual! gamma rstd!>residual x
// Bindings:
//   0 x (read_write)
//   1 residual (read_write)
//   2 gamma (read)
//   3 rstd (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_sum, team_max, team_any, sum_of_squares, rescaled, store_rstd, load_gamma, write_rescaled_tile, main
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   forward-row-pairs.wgsl: widen
//   forward-shader-f16.wgsl: rounded, load_x, weighted
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, plain_rstd, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled

@group(0) @binding(0) var<storage, read_write> x: array<vec2u>;
@group(0) @binding(1) var<storage, read_write> residual: array<vec2u>;
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(4) var<uniform> params: Parameters;

// Below 2^-14 the spacing of float16 is 2^-24, which is float32's own at 0.5: adding 0.5 rounds to it. Above, adding
// half of the last place but one bit, and that bit, rounds as an integer, into the next power of two as well.
fn narrow(v: Elements) -> ElementBits {
  let bits = bitcast<ElementBits>(v);
  let magnitude = bits & ElementBits(0x7fffffffu);
  let normal = (magnitude + ElementBits(0xfffu) + ((magnitude >> ElementBits(13u)) & ElementBits(1u)) - ElementBits(112u << 23u)) >> ElementBits(13u);
  let small = bitcast<ElementBits>(bitcast<Elements>(magnitude) + Elements(0.5)) - ElementBits(0x3f000000u);
  var bits16 = select(normal, small, magnitude < ElementBits(0x38800000u));
  bits16 = select(bits16, ElementBits(0x7c00u), magnitude >= ElementBits(0x477ff000u));
  bits16 = select(bits16, ElementBits(0x7e00u), magnitude > ElementBits(0x7f800000u));
  return bits16 | ((bits >> ElementBits(16u)) & ElementBits(0x8000u));
}

fn load_residual(place: Place) -> Elements {
  let words = residual[place.index >> 2u];
  return Elements(widen(words.x), widen(words.y));
}

fn norm_input(place: Place) -> Elements {
  return rounded(load_x(place) + load_residual(place));
}

fn store_sum(place: Place, v: Elements) {
  let bits16 = narrow(v);
  residual[place.index >> 2u] = bits16.xz | (bits16.yw << vec2u(16u));
}

fn store_y(place: Place, v: Elements) {
  let bits16 = narrow(v);
  x[place.index >> 2u] = bits16.xz | (bits16.yw << vec2u(16u));
}

fn write_output(place: Place, input: Elements, normed: Elements) {
  store_sum(place, input);
  store_y(place, weighted(place, normed));
}
