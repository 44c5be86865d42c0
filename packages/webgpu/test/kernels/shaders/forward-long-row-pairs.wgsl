// pnpm wgsl forward --shape 7x9001 --dtype float16 --in-place --no-affine
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: loop elements to y:forward,float16,row-pairs,word,workgroup256x1/32,,:x!>x
// Bindings:
//   0 x (read_write)
//   1 params (uniform, 144 bytes)
// Grid: 4 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, within_statistic, norm_input, sum_of_squares, write_output
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, place_for_sum, feature_at, place_at, steps_of, statistic_steps_of, sum_per_row, max_per_row
//   src/kernels/wgsl/row-pairs.ts: tile_at, tile_count
//   forward-long-rows.wgsl: TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_partials, team_sum, team_max, main
//   src/kernels/wgsl/teamwork.ts: local_index
//   forward-row-pairs.wgsl: widen
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled
//   forward-columns.wgsl: rescaled
//   src/kernels/forward/loop-shader.ts: write_tile, write_plain_tile

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<uniform> params: Parameters;

// What an invocation reads at a time.
alias Elements = vec2f;
alias ElementBits = vec2u;
alias ElementInts = vec2i;

// A number for each row that an invocation has elements of.
alias RowValues = vec2f;
alias RowBits = vec2u;
alias RowInts = vec2i;
alias RowBools = vec2<bool>;

// The statistic of each element's own row.
fn statistic_for(tile: Tile, step: u32, s: Statistic) -> Statistic {
  let second_row = vec2u(2u * step, 2u * step + 1u) >= vec2u(params.size);
  return Statistic(select(s.r.xx, s.r.yy, second_row), select(s.exponent.xx, s.exponent.yy, second_row));
}

// The sum, and so the flag, is the same in the whole team.
fn team_any(flag: RowBools) -> bool { return any(flag); }

fn narrow(v: Elements) -> ElementBits {
  let words = pack2x16float(v);
  return vec2u(words & 0xffffu, words >> 16u);
}

// The zero is not known to a compiler, which else could leave the two conversions out (llvmpipe's does).
fn rounded(v: Elements) -> Elements {
  let bits16 = narrow(v) ^ ElementBits(params.zero_bits);
  return Elements(widen(bits16.x).x, widen(bits16.y).x);
}

fn load_x(place: Place) -> Elements {
  let pair = widen(x[place.index >> 1u]);
  return Elements(pair.x, select(0.0, pair.y, place.count > 1u));
}

fn load_x_for_sum(place: Place) -> Elements {
  return Elements(widen(x[(place.index) >> 1u])[(place.index) & 1u], select(0.0, widen(x[(place.index + params.size) >> 1u])[(place.index + params.size) & 1u], place.count > 1u));
}

fn norm_input_for_sum(place: Place) -> Elements {
  return load_x_for_sum(place);
}

fn weighted(place: Place, normed: Elements) -> Elements {
  let v = normed;
  return v;
}

fn store_y(place: Place, v: Elements) {
  let bits16 = narrow(v);
  let word = place.index >> 1u;
  x[word] = bits16.x | select(x[word] & 0xffff0000u, bits16.y << 16u, place.count > 1u);
}
