// pnpm wgsl backward --shape 7x27 --groups 3 --dtype float16 --dsum --subgroups 4 --dispatch 1
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 1 of 2: gradient:float16,resident-row-pairs,features-of-pair,invocation1x4/0,8/4arraytogether,true,false,true,true,false,apart:x dy dsum dx! gamma weight_sums!>dx
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 dsum (read)
//   3 dx (read_write)
//   4 gamma (read)
//   5 weight_sums (read_write)
//   6 params (uniform, 144 bytes)
// Grid: 3 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, within_statistic, statistic_for, local_team, team_index, sum_of_squares
//   forward-columns.wgsl: RowValues, RowBits, RowInts, RowBools
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, place_for_sum, sum_per_row, max_per_row
//   src/kernels/wgsl/row-pairs.ts: tile_at, place_at, at_row_end, present_in_pair, steps_of, statistic_steps_of, tile_count, by_words, row_values_by_words, statistic_by_words, statistic_of_neighbour, features_by_words, gamma_by_words
//   src/kernels/wgsl/teamwork.ts: local_index
//   forward-long-row-pairs.wgsl: team_any
//   forward-row-pairs.wgsl: widen, narrow, load_x, neighbour_x
//   forward-shader-f16.wgsl: rounded
//   src/kernels/backward/section-shaders.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, slope_factor, plain_slope_factor, scaled_slope_factor, times_scaled_r, times_r
//   src/kernels/wgsl/sums.ts: opaque, with_lost, largest_magnitude, Rescaled
//   backward-rows.wgsl: rescaled, Total, opaque_total, add, add_totals, value_of_total, TermTotal, opaque_term, add_term, add_term_totals, value_of_term_total, less_mean
//   src/kernels/backward/gradient.ts: gradient_mean
//   src/kernels/backward/weight-sums.ts: term_of
//   src/kernels/backward/single-pass-shader.ts: times_tile_r

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<u32>;
@group(0) @binding(2) var<storage, read> dsum: array<u32>;
@group(0) @binding(3) var<storage, read_write> dx: array<u32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read_write> weight_sums: array<f32>;
@group(0) @binding(6) var<uniform> params: Parameters;

// The invocations that share a tile are a team. member() is the index in it, local_team() that of the team in its
// workgroup, team_index() that of the team among all.
const TEAM_WIDTH = 1u;
const TEAMS = 4u; // of a workgroup
const CHAIN = 8u; // how many numbers are added one after the other

fn member() -> u32 { return 0u; }

fn team_sum(v: RowValues) -> RowValues { return v; }

fn team_max(v: RowBits) -> RowBits { return v; }

fn load_dy(place: Place) -> Elements {
  let first = widen(dy[place.index >> 1u]);
  let word = (place.index + params.size) >> 1u;
  return select(Elements(), Elements(first.x, widen(dy[word]).y, first.y, widen(dy[word + 1u]).x), present_in_pair(place));
}

fn load_dsum_by_words(place: Place) -> Elements {
  return Elements(widen(dsum[place.index >> 1u]), widen(dsum[((place.index + params.size) >> 1u) + 1u]));
}

fn store_dx(place: Place, v: Elements) {
  let bits16 = narrow(v);
  let word = place.index >> 1u;
  // Behind the tensor's last element there is half a word that stays as it is.
  dx[word] = bits16.x | select(bits16.y << 16u, dx[word] & 0xffff0000u, place.count == 1u);
  if (place.count == 4u) { dx[((place.index + params.size) >> 1u) + 1u] = bits16.z | (bits16.w << 16u); }
}

fn load_gamma(place: Place) -> Elements {
  return Elements(gamma[place.feature], gamma[place.second_feature], gamma[place.feature + 1u], gamma[place.second_feature + 1u]);
}

fn total_across_teams(own: TermTotal) -> TermTotal {
  var all = own;
  all = add_term_totals(all, TermTotal(subgroupShuffleXor(all.high, 1u * TEAM_WIDTH), subgroupShuffleXor(all.low, 1u * TEAM_WIDTH)));
  all = add_term_totals(all, TermTotal(subgroupShuffleXor(all.high, 2u * TEAM_WIDTH), subgroupShuffleXor(all.low, 2u * TEAM_WIDTH)));
  return all;
}

fn store_weight_sum(start: u32, tile: Tile, step: u32, v: Elements) {
  let second = start + first_feature(tile.row + 1u) - tile.feature + (params.groups % 2u) * params.groups * params.size * 1u;
  weight_sums[start + 2u * step] = v.x;
  weight_sums[second + 2u * step] = v.y;
  if (2u * step + 1u < params.size) {
    weight_sums[start + 2u * step + 1u] = v.z;
    weight_sums[second + 2u * step + 1u] = v.w;
  }
}

// g; 0 beyond the row's end, whatever stands there in gamma.
fn weighted_dy(place: Place, dy: Elements) -> Elements {
  let g = dy * ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  return select(Elements(), g, present_in_pair(place));
}

fn neighbour_dy(place: Place) -> f32 {
  return widen(dy[select(((place.index + params.size) >> 1u) + 1u, place.index >> 1u, at_row_end(place))]).y;
}

fn gradient_by_words(place: Place, step: u32, n: Elements, dy: Elements, mean: RowValues, s: Statistic, special: bool) -> Elements {
  let own = statistic_by_words(place, s);
  let g = dy * ((gamma_by_words(place, step) + params.weight_offset) + params.weight_offset_low);
  let v = fma(-n, row_values_by_words(place, mean), g);
  return times_tile_r(select(v, g, own.exponent == RowInts(R_IS_INFINITE)), own, special);
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let workgroup_index = workgroup.x + workgroup.y * grid.x;
  // All tiles of a workgroup are of one group of features, or of the same two; it has a chunk of them.
  let groups = select(params.groups, params.groups / 2u, params.groups % 2u == 0u);
  let group = workgroup_index % groups;
  let section = 0u;
  let chunk = workgroup_index / (groups);
  if (chunk >= params.chunks) { return; }
  let tiles_of_slab = params.inner / 1u;
  let slabs = tile_count();
  let count = select(0u, (slabs - group + groups - 1u) / groups, group < slabs) * tiles_of_slab;
  let first = chunk * params.chunk_tiles * TEAMS + local_team();

  // n = x * rstd. Until rstd is known it is x, which it replaces.
  var n: array<Elements, 8>;
  var dy: array<Elements, 8>;
  var n_neighbour: array<f32, 8>;
  var dy_neighbour: array<f32, 8>;
  var dgamma_sum: array<TermTotal, 8>;

  for (var i = 0u; i < params.chunk_tiles; i++) {
    let tile_in_group = first + i * TEAMS;
    let has_tile = tile_in_group < count;
    let tile_index = (group + groups * (tile_in_group / tiles_of_slab)) * tiles_of_slab + tile_in_group % tiles_of_slab;
    let tile = tile_at(min(tile_index, tile_count() - 1u));

    for (var slot = 0u; slot < 8u; slot++) {
      let step = member() + slot * TEAM_WIDTH;
      if (step >= steps_of(tile)) { break; }
      let place = place_at(tile, step); n[slot] = load_x(place); dy[slot] = load_dy(place);
      n_neighbour[slot] = neighbour_x(place); dy_neighbour[slot] = neighbour_dy(place);
    }

    var s = Statistic(RowValues(), RowInts());
    var special = false;
    var slope_factor = RowValues(1.0);
    var squares = Elements();
    for (var slot = 0u; slot < 8u; slot++) {
      let step = member() + slot * TEAM_WIDTH;
      if (step >= steps_of(tile)) { break; }
      let v = within_statistic(tile, step, n[slot]); squares = fma(v, v, squares);
    }
    let sum = team_sum(sum_per_row(squares));
    slope_factor = plain_slope_factor(sum);
    s.r = plain_r(sum);
    if (team_any(!is_plain(sum))) {
      let result = rescaled(tile, sum);
      slope_factor = result.slope_factor;
      s = result.statistic;
      special = true;
    }
    for (var slot = 0u; slot < 8u; slot++) {
      let step = member() + slot * TEAM_WIDTH;
      if (step >= steps_of(tile)) { break; }
      n[slot] = times_tile_r(n[slot], s, special);
      n_neighbour[slot] = times_tile_r(Elements(n_neighbour[slot]), statistic_of_neighbour(s), special).x;
    }

    var products = Elements();
    for (var slot = 0u; slot < 8u; slot++) {
      let step = member() + slot * TEAM_WIDTH;
      if (step >= steps_of(tile)) { break; }
      products = fma(weighted_dy(place_at(tile, step), dy[slot]), n[slot], products);
    }
    var mean = team_sum(sum_per_row(products)) * params.reciprocal_count;
    mean = gradient_mean(mean, slope_factor, s);

    if (has_tile) {
      for (var slot = 0u; slot < 8u; slot++) {
        let step = member() + slot * TEAM_WIDTH;
        if (step >= steps_of(tile)) { break; }
        let place = place_at(tile, step);
        let gradient = gradient_by_words(place, step, by_words(place, n[slot], n_neighbour[slot]), by_words(place, dy[slot], dy_neighbour[slot]), mean, s, special);
        store_dx(place, fma(gradient, Elements(params.alpha), load_dsum_by_words(place)));
        dgamma_sum[slot] = add_term(dgamma_sum[slot], term_of(dy[slot] * (n[slot] * params.alpha)));
      }
    }
  }

  let features = params.groups * params.size;
  let tile = tile_at(group * tiles_of_slab);
  let start = (params.first_chunk + chunk) * features * 1u * (1u + params.groups % 2u) + tile.feature;
  for (var slot = 0u; slot < 8u; slot++) {
    let step = member() + slot * TEAM_WIDTH;
    {
      let v = total_across_teams(dgamma_sum[slot]);
      if (local_team() == 0u && step < steps_of(tile)) {
        store_weight_sum(start, tile, tile.first_step + step, value_of_term_total(v));
      }
    }
  }
}
