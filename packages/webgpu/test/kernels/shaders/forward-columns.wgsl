// pnpm wgsl forward --shape 2x9x4x4
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: resident:forward,float32,columns,quad,shared2x128/128,8,gamma,:x y! gamma>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, within_statistic, statistic_for, team_index, load_x, norm_input, sum_of_squares, weighted, store_y, write_output, write_rescaled_tile
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index, team_partials, team_flag
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<uniform> params: Parameters;

// A number for each row that an invocation has elements of.
alias RowValues = vec4f;
alias RowBits = vec4u;
alias RowInts = vec4i;
alias RowBools = vec4<bool>;

const TILE_ROWS = 4u;

// The invocations that share a tile are a team. member() is the index in it, local_team() that of the team in its
// workgroup, team_index() that of the team among all.
const TEAM_WIDTH = 2u;
const TEAMS = 128u; // of a workgroup
const CHAIN = 8u; // how many numbers are added one after the other

fn member() -> u32 { return local_index / TEAMS; }

fn local_team() -> u32 { return local_index % TEAMS; }

fn team_sum(v: RowValues) -> RowValues {
  team_partials[local_index] = bitcast<RowBits>(v);
  workgroupBarrier();
  let first = local_index % TEAMS;
  let all = bitcast<RowValues>(team_partials[first + (0u) * TEAMS]) + bitcast<RowValues>(team_partials[first + (1u) * TEAMS]);
  workgroupBarrier();
  return all;
}

fn team_max(v: RowBits) -> RowBits {
  team_partials[local_index] = bitcast<RowBits>(v);
  workgroupBarrier();
  let first = local_index % TEAMS;
  let all = max(bitcast<RowBits>(team_partials[first + (0u) * TEAMS]), bitcast<RowBits>(team_partials[first + (1u) * TEAMS]));
  workgroupBarrier();
  return all;
}

fn team_any(flag: RowBools) -> bool {
  // All who write write the same.
  if (any(flag)) { team_flag = 1u; }
  let all = workgroupUniformLoad(&team_flag) != 0u;
  // For the next tile, whose sums come with barriers of their own.
  if (any(flag)) { team_flag = 0u; }
  return all;
}

// Recomputes the statistic from scaled elements, as some row's squares overflowed or vanished. Plain rows keep theirs.
fn rescaled(tile: Tile, sum: RowValues) -> Rescaled {
  let largest = team_max(largest_magnitude(tile));
  let scaling = scaling_exponent(largest);
  let scaled = team_sum(sum_of_squares(tile, power_of_two(-scaling)));
  let plain = is_plain(sum);
  let s = scaled_statistic(largest, scaled, scaling, params.factor_mantissa, params.factor_mantissa_low, params.factor_exponent);
  var result = Rescaled(Statistic(select(s.r, plain_r(sum), plain), select(s.exponent, RowInts(0), plain)), RowValues(), RowValues(1.0));
  return result;
}

fn load_gamma(place: Place) -> Elements {
  return Elements(gamma[place.feature]);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  // A team beyond the last tile takes part in barriers, and writes nothing.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  // Each element is read once: into registers, and its square into the sum.
  let step0 = member() + 0u * TEAM_WIDTH;
  let step1 = member() + 1u * TEAM_WIDTH;
  let step2 = member() + 2u * TEAM_WIDTH;
  let step3 = member() + 3u * TEAM_WIDTH;
  let step4 = member() + 4u * TEAM_WIDTH;
  let step5 = member() + 5u * TEAM_WIDTH;
  let step6 = member() + 6u * TEAM_WIDTH;
  let step7 = member() + 7u * TEAM_WIDTH;
  var x0 = Elements(); x0 = norm_input(place_at(tile, step0));
  var x1 = Elements(); x1 = norm_input(place_at(tile, step1));
  var x2 = Elements(); x2 = norm_input(place_at(tile, step2));
  var x3 = Elements(); x3 = norm_input(place_at(tile, step3));
  var x4 = Elements(); if (step4 < steps_of(tile)) { x4 = norm_input(place_at(tile, step4)); }
  var x5 = Elements(); if (step5 < steps_of(tile)) { x5 = norm_input(place_at(tile, step5)); }
  var x6 = Elements(); if (step6 < steps_of(tile)) { x6 = norm_input(place_at(tile, step6)); }
  var x7 = Elements(); if (step7 < steps_of(tile)) { x7 = norm_input(place_at(tile, step7)); }
  var squares = Elements();
  { let v = within_statistic(tile, step0, x0); squares = fma(v, v, squares); }
  { let v = within_statistic(tile, step1, x1); squares = fma(v, v, squares); }
  { let v = within_statistic(tile, step2, x2); squares = fma(v, v, squares); }
  { let v = within_statistic(tile, step3, x3); squares = fma(v, v, squares); }
  { let v = within_statistic(tile, step4, x4); squares = fma(v, v, squares); }
  { let v = within_statistic(tile, step5, x5); squares = fma(v, v, squares); }
  { let v = within_statistic(tile, step6, x6); squares = fma(v, v, squares); }
  { let v = within_statistic(tile, step7, x7); squares = fma(v, v, squares); }

  let sum = team_sum(sum_per_row(squares));
  if (team_any(!is_plain(sum))) {
    let result = rescaled(tile, sum);
    if (!has_tile) { return; }
    write_rescaled_tile(tile, result.statistic);
  } else {
    if (!has_tile) { return; }
    let r = plain_r(sum);
    write_output(place_at(tile, step0), x0, x0 * r);
    write_output(place_at(tile, step1), x1, x1 * r);
    write_output(place_at(tile, step2), x2, x2 * r);
    write_output(place_at(tile, step3), x3, x3 * r);
    if (step4 < steps_of(tile)) { write_output(place_at(tile, step4), x4, x4 * r); }
    if (step5 < steps_of(tile)) { write_output(place_at(tile, step5), x5, x5 * r); }
    if (step6 < steps_of(tile)) { write_output(place_at(tile, step6), x6, x6 * r); }
    if (step7 < steps_of(tile)) { write_output(place_at(tile, step7), x7, x7 * r); }
  }
}
