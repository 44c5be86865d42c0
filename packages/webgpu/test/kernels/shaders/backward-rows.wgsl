// pnpm wgsl backward --shape 8x32 --bias --dispatch 1
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 2: gradient:float32,rows,quad,subgroup4x64/0,2/2,true,false,true,true,true:x dy dx! gamma weight_sums!>dx
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 dx (read_write)
//   3 gamma (read)
//   4 weight_sums (read_write)
//   5 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, TEAM_WIDTH, TEAMS, CHAIN, member, local_team, team_index, team_sum, team_max, team_any, load_x, load_gamma, sum_of_squares
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/teamwork.ts: local_index
//   src/kernels/wgsl/float16.ts: rounded
//   src/kernels/backward/section-shaders.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, slope_factor, plain_slope_factor, scaled_slope_factor, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled
//   src/kernels/backward/gradient.ts: gradient_mean
//   src/kernels/backward/weight-sums.ts: term_of, total_across_teams, store_weight_sum
//   src/kernels/backward/single-pass-shader.ts: times_tile_r

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(3) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> weight_sums: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Parameters;

fn load_dy(place: Place) -> Elements {
  return dy[place.index >> 2u];
}

fn store_dx(place: Place, v: Elements) {
  dx[place.index >> 2u] = v;
}

// Recomputes the statistic from scaled elements, as some row's squares overflowed or vanished. Plain rows keep theirs.
fn rescaled(tile: Tile, sum: RowValues) -> Rescaled {
  let largest = team_max(largest_magnitude(tile));
  let scaling = scaling_exponent(largest);
  let scaled = team_sum(sum_of_squares(tile, power_of_two(-scaling)));
  let plain = is_plain(sum);
  let s = scaled_statistic(largest, scaled, scaling, params.factor_mantissa, params.factor_mantissa_low, params.factor_exponent);
  var result = Rescaled(Statistic(select(s.r, plain_r(sum), plain), select(s.exponent, RowInts(0), plain)), RowValues(), RowValues(1.0));
  result.slope_factor = select(scaled_slope_factor(scaled, scaling), plain_slope_factor(sum), plain);
  return result;
}

// A sum, and what its additions lost (Knuth's TwoSum).
struct Total { high: Elements, low: Elements }

// v itself, which a compiler cannot see: else it may simplify (high + v) - high to v.
fn opaque_total(v: Elements) -> Elements { return bitcast<Elements>(bitcast<ElementBits>(v) ^ ElementBits(params.zero_bits)); }

fn add(total: Total, v: Elements) -> Total {
  let sum = opaque_total(total.high + v);
  let back = opaque_total(sum - total.high);
  return Total(sum, total.low + ((total.high - (sum - back)) + (v - back)));
}

fn add_totals(a: Total, b: Total) -> Total {
  let sum = add(a, b.high);
  return Total(sum.high, sum.low + b.low);
}

// high + low; where high is infinite, low is NaN and left out.
fn value_of_total(total: Total) -> Elements {
  let finite = (bitcast<ElementBits>(total.high) & ElementBits(0x7fffffffu)) < ElementBits(0x7f800000u);
  return select(total.high, total.high + total.low, finite);
}

// A sum, and what its additions lost (Knuth's TwoSum).
struct TermTotal { high: Elements, low: Elements }

// v itself, which a compiler cannot see: else it may simplify (high + v) - high to v.
fn opaque_term(v: Elements) -> Elements { return bitcast<Elements>(bitcast<ElementBits>(v) ^ ElementBits(params.zero_bits)); }

fn add_term(total: TermTotal, v: Elements) -> TermTotal {
  let sum = opaque_term(total.high + v);
  let back = opaque_term(sum - total.high);
  return TermTotal(sum, total.low + ((total.high - (sum - back)) + (v - back)));
}

fn add_term_totals(a: TermTotal, b: TermTotal) -> TermTotal {
  let sum = add_term(a, b.high);
  return TermTotal(sum.high, sum.low + b.low);
}

// high + low; where high is infinite, low is NaN and left out.
fn value_of_term_total(total: TermTotal) -> Elements {
  let finite = (bitcast<ElementBits>(total.high) & ElementBits(0x7fffffffu)) < ElementBits(0x7f800000u);
  return select(total.high, total.high + total.low, finite);
}

var<workgroup> team_totals: array<TermTotal, 256>;

// g; 0 beyond the row's end, whatever stands there in gamma.
fn weighted_dy(place: Place, dy: Elements) -> Elements {
  let g = dy * ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return g;
}

// g - n * mean, where x is in the statistic; at a zero denominator nothing goes through the mean, and n may be infinite.
fn less_mean(tile: Tile, step: u32, g: Elements, n: Elements, mean: RowValues, s: Statistic) -> Elements {
  let v = fma(-n, Elements(mean), g);
  return select(v, g, s.exponent == RowInts(R_IS_INFINITE));
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let workgroup_index = workgroup.x + workgroup.y * grid.x;
  // All tiles of a workgroup are of one group of features; it has a chunk of them.
  let groups = params.groups;
  let group = workgroup_index % groups;
  let section = 0u;
  let chunk = workgroup_index / (groups);
  if (chunk >= params.chunks) { return; }
  let tiles_of_slab = params.inner / 1u;
  let slabs = params.rows / params.inner;
  let count = select(0u, (slabs - group + groups - 1u) / groups, group < slabs) * tiles_of_slab;
  let first = chunk * params.chunk_tiles * TEAMS + local_team();

  // n = x * rstd. Until rstd is known it is x, which it replaces.
  var n0 = Elements();
  var n1 = Elements();
  var dy0 = Elements();
  var dy1 = Elements();
  var dgamma_sum0 = TermTotal();
  var dgamma_sum1 = TermTotal();
  var dbeta_sum0 = TermTotal();
  var dbeta_sum1 = TermTotal();

  for (var i = 0u; i < params.chunk_tiles; i++) {
    let tile_in_group = first + i * TEAMS;
    let has_tile = tile_in_group < count;
    let tile_index = (group + groups * (tile_in_group / tiles_of_slab)) * tiles_of_slab + tile_in_group % tiles_of_slab;
    let tile = tile_at(min(tile_index, tile_count() - 1u));

    { let step = member() + 0u * TEAM_WIDTH; let place = place_at(tile, step); n0 = load_x(place); dy0 = load_dy(place); }
    { let step = member() + 1u * TEAM_WIDTH; let place = place_at(tile, step); n1 = load_x(place); dy1 = load_dy(place); }

    var s = Statistic(RowValues(), RowInts());
    var special = false;
    var slope_factor = RowValues(1.0);
    var squares = Elements();
    { let step = member() + 0u * TEAM_WIDTH; let v = within_statistic(tile, step, n0); squares = fma(v, v, squares); }
    { let step = member() + 1u * TEAM_WIDTH; let v = within_statistic(tile, step, n1); squares = fma(v, v, squares); }
    let sum = team_sum(sum_per_row(squares));
    slope_factor = plain_slope_factor(sum);
    s.r = plain_r(sum);
    if (team_any(!is_plain(sum))) {
      let result = rescaled(tile, sum);
      slope_factor = result.slope_factor;
      s = result.statistic;
      special = true;
    }
    { let step = member() + 0u * TEAM_WIDTH; n0 = times_tile_r(n0, s, special); }
    { let step = member() + 1u * TEAM_WIDTH; n1 = times_tile_r(n1, s, special); }

    var products = Elements();
    { let step = member() + 0u * TEAM_WIDTH; products = fma(weighted_dy(place_at(tile, step), dy0), n0, products); }
    { let step = member() + 1u * TEAM_WIDTH; products = fma(weighted_dy(place_at(tile, step), dy1), n1, products); }
    var mean = team_sum(sum_per_row(products)) * params.reciprocal_count;
    mean = gradient_mean(mean, slope_factor, s);

    if (has_tile) {
      {
        let step = member() + 0u * TEAM_WIDTH;
        let place = place_at(tile, step);
        let gradient = times_tile_r(less_mean(tile, step, weighted_dy(place, dy0), n0, mean, s), s, special);
        store_dx(place, gradient * params.alpha);
        dgamma_sum0 = add_term(dgamma_sum0, term_of(dy0 * (n0 * params.alpha)));
        dbeta_sum0 = add_term(dbeta_sum0, term_of(dy0));
      }
      {
        let step = member() + 1u * TEAM_WIDTH;
        let place = place_at(tile, step);
        let gradient = times_tile_r(less_mean(tile, step, weighted_dy(place, dy1), n1, mean, s), s, special);
        store_dx(place, gradient * params.alpha);
        dgamma_sum1 = add_term(dgamma_sum1, term_of(dy1 * (n1 * params.alpha)));
        dbeta_sum1 = add_term(dbeta_sum1, term_of(dy1));
      }
    }
  }

  let features = params.groups * params.size;
  let tile = tile_at(group * tiles_of_slab);
  let start = (params.first_chunk + chunk) * features * 2u + tile.feature;
  {
    let step = member() + 0u * TEAM_WIDTH;
    {
      let v = total_across_teams(dgamma_sum0);
      if (local_team() == 0u && step < steps_of(tile)) {
        store_weight_sum(start, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
    {
      let v = total_across_teams(dbeta_sum0);
      if (local_team() == 0u && step < steps_of(tile)) {
        store_weight_sum(start + features, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
  }
  {
    let step = member() + 1u * TEAM_WIDTH;
    {
      let v = total_across_teams(dgamma_sum1);
      if (local_team() == 0u && step < steps_of(tile)) {
        store_weight_sum(start, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
    {
      let v = total_across_teams(dbeta_sum1);
      if (local_team() == 0u && step < steps_of(tile)) {
        store_weight_sum(start + features, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
  }
}
