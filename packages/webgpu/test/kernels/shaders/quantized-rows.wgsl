// pnpm wgsl forwardQuantized --shape 8x32
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 1: quantized:float32,rows,quad,subgroup4x64/0,2full,gamma,false:x gamma scales! q!
// Bindings:
//   0 x (read)
//   1 gamma (read)
//   2 scales (read_write)
//   3 q (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_sum, team_max, team_any, load_x, norm_input, sum_of_squares, load_gamma, weighted
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/wgsl/fusion.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled
//   forward-columns.wgsl: rescaled
//   src/kernels/quantized/quantize.ts: quantized
//   backward-rows.wgsl: Total, opaque_total, add, add_totals, value_of_total

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> scales: array<f32>;
@group(0) @binding(3) var<storage, read_write> q: array<u32>;
@group(0) @binding(4) var<uniform> params: Parameters;

fn store_scales(tile: Tile, v: RowValues) {
  scales[tile.row] = v;
}

fn store_bytes(place: Place, bytes: ElementBits) { q[place.index >> 2u] = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u); }

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let tile_index = team_index(workgroup.x + workgroup.y * grid.x);
  // A team beyond the last tile takes part in barriers, and writes nothing.
  let tile = tile_at(min(tile_index, tile_count() - 1u));
  let has_tile = tile_index < tile_count();
  // y as it is before it is quantized. Until r is known it is x, which it replaces.
  var y0 = Elements();
  var y1 = Elements();
  { let step = member() + 0u * TEAM_WIDTH; y0 = norm_input(place_at(tile, step)); }
  { let step = member() + 1u * TEAM_WIDTH; y1 = norm_input(place_at(tile, step)); }
  var squares = Elements();
  { let step = member() + 0u * TEAM_WIDTH; let v = within_statistic(tile, step, y0); squares = fma(v, v, squares); }
  { let step = member() + 1u * TEAM_WIDTH; let v = within_statistic(tile, step, y1); squares = fma(v, v, squares); }

  let sum = team_sum(sum_per_row(squares));
  var s = Statistic(plain_r(sum), RowInts());
  var special = false;
  if (team_any(!is_plain(sum))) {
    s = rescaled(tile, sum).statistic;
    special = true;
  }

  var largest = RowBits();
  {
    let step = member() + 0u * TEAM_WIDTH;
    var v = y0 * s.r;
    if (special) { v = times_r(y0, s); }
    v = weighted(place_at(tile, step), v);
    y0 = v;
    largest = max(largest, max_per_row(bitcast<ElementBits>(v) & ElementBits(MAGNITUDE_BITS)));
  }
  {
    let step = member() + 1u * TEAM_WIDTH;
    var v = y1 * s.r;
    if (special) { v = times_r(y1, s); }
    v = weighted(place_at(tile, step), v);
    y1 = v;
    largest = max(largest, max_per_row(bitcast<ElementBits>(v) & ElementBits(MAGNITUDE_BITS)));
  }
  largest = team_max(largest);
  let scale = select(bitcast<RowValues>(largest) * 0.007874015748031496, RowValues(1.0), largest == RowBits());

  if (!has_tile) { return; }
  if (member() == 0u) { store_scales(tile, scale); }
  { let step = member() + 0u * TEAM_WIDTH; store_bytes(place_at(tile, step), quantized(y0, Elements(scale))); }
  { let step = member() + 1u * TEAM_WIDTH; store_bytes(place_at(tile, step), quantized(y1, Elements(scale))); }
}
