// pnpm wgsl backward --shape 4x10000 --no-affine --subgroups 4 --dispatch 2
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 2 of 2: gradient:float32,sections,quad,workgroup32x1/4,64/0array,false,false,true,false,false:x dy dx! sections>dx
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 dx (read_write)
//   3 sections (read)
//   4 params (uniform, 144 bytes)
// Grid: 2 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   src/kernels/wgsl/preamble.ts: subgroups, diagnostic(off, subgroup_uniformity)
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, within_statistic, statistic_for, load_x
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS, Tile, first_feature, tile_at, place_at, steps_in_section, steps_of, statistic_steps_of, tile_count, place_for_sum, sum_per_row, max_per_row
//   forward-sums-of-sections.wgsl: SECTION_STEPS
//   src/kernels/wgsl/teamwork.ts: local_index
//   forward-long-rows.wgsl: member, local_team, team_index, team_partials, team_any
//   src/kernels/wgsl/float16.ts: rounded
//   backward-rows.wgsl: load_dy, store_dx, Total, opaque_total, add, add_totals, value_of_total, less_mean
//   src/kernels/backward/section-shaders.ts: norm_input_for_sum
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_inverse_root, is_plain, plain_r, scaling_exponent, scaled_eps, scaled_statistic, value_of, plain_denominator, scaled_denominator, slope_factor, plain_slope_factor, scaled_slope_factor, times_scaled_r, times_r
//   src/kernels/wgsl/sections.ts: SumOfSections, sum_exponent, sum_of_sections, StatisticOfSections, products_exponent, mean_of_sections
//   src/kernels/backward/gradient.ts: gradient_mean
//   src/kernels/backward/single-pass-shader.ts: times_tile_r
//   src/kernels/backward/block-shader.ts: 

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(3) var<storage, read> sections: array<vec4u>;
@group(0) @binding(4) var<uniform> params: Parameters;

// The invocations that share a tile are a team. member() is the index in it, local_team() that of the team in its
// workgroup, team_index() that of the team among all.
const TEAM_WIDTH = 32u;
const TEAMS = 1u; // of a workgroup
const CHAIN = 8u; // how many numbers are added one after the other

fn team_sum(v: RowValues) -> RowValues {
  var all = v;
  all = all + subgroupShuffleXor(all, 1u);
  all = all + subgroupShuffleXor(all, 2u);
  if (local_index % 4u == 0u) { team_partials[local_index / 4u] = bitcast<RowBits>(all); }
  let last = workgroupUniformLoad(&team_partials);
  return (((bitcast<RowValues>(last[0]) + bitcast<RowValues>(last[1])) + (bitcast<RowValues>(last[2]) + bitcast<RowValues>(last[3]))) + ((bitcast<RowValues>(last[4]) + bitcast<RowValues>(last[5])) + (bitcast<RowValues>(last[6]) + bitcast<RowValues>(last[7]))));
}

fn team_max(v: RowBits) -> RowBits {
  var all = v;
  all = max(all, subgroupShuffleXor(all, 1u));
  all = max(all, subgroupShuffleXor(all, 2u));
  if (local_index % 4u == 0u) { team_partials[local_index / 4u] = bitcast<RowBits>(all); }
  let last = workgroupUniformLoad(&team_partials);
  return max(max(max(max(max(max(max(bitcast<RowBits>(last[0]), bitcast<RowBits>(last[1])), bitcast<RowBits>(last[2])), bitcast<RowBits>(last[3])), bitcast<RowBits>(last[4])), bitcast<RowBits>(last[5])), bitcast<RowBits>(last[6])), bitcast<RowBits>(last[7]));
}

fn statistic_of_sections(tile: Tile) -> StatisticOfSections {
  let all = sum_of_sections(tile);
  let sum = all.sum;
  let exponent = all.exponent;
  if (exponent == 0 && is_plain(sum)) {
    return StatisticOfSections(Statistic(plain_r(sum), 0), 0.0, plain_slope_factor(sum));
  }
  let least = clamp(max(exponent, params.eps_exponent), -126, 126);
  let scaled = sum * power_of_two(exponent - least) * power_of_two(exponent - least);
  return StatisticOfSections(
    scaled_statistic(all.largest, scaled, least, params.factor_mantissa, params.factor_mantissa_low, params.factor_exponent),
    0.0,
    scaled_slope_factor(scaled, least),
  );
}

// g; 0 beyond the row's end, whatever stands there in gamma.
fn weighted_dy(place: Place, dy: Elements) -> Elements {
  let g = dy;
  return g;
}

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  local_index = index;
  let workgroup_index = workgroup.x + workgroup.y * grid.x;
  // All tiles of a workgroup are of one group of features; it has a chunk of them.
  let groups = params.groups;
  let group = workgroup_index % groups;
  let section = (workgroup_index / groups) % params.sections;
  let chunk = workgroup_index / (groups * params.sections);
  if (chunk >= params.chunks) { return; }
  let tiles_of_slab = params.inner / 1u;
  let slabs = params.rows / params.inner;
  let count = select(0u, (slabs - group + groups - 1u) / groups, group < slabs) * tiles_of_slab;
  let first = chunk * params.chunk_tiles * TEAMS + local_team();

  // n = x * rstd. Until rstd is known it is x, which it replaces.
  var n: array<Elements, 64>;
  var dy: array<Elements, 64>;

  for (var i = 0u; i < params.chunk_tiles; i++) {
    let tile_in_group = first + i * TEAMS;
    let has_tile = tile_in_group < count;
    let tile_index = (group + groups * tile_in_group) * params.sections + section;
    let tile = tile_at(min(tile_index, tile_count() - 1u));

    for (var slot = 0u; slot < 64u; slot++) {
      let step = member() + slot * TEAM_WIDTH;
      if (step >= steps_of(tile)) { break; }
      let place = place_at(tile, step); n[slot] = load_x(place); dy[slot] = load_dy(place);
    }

    var s = Statistic(RowValues(), RowInts());
    var special = false;
    var slope_factor = RowValues(1.0);
    let all = statistic_of_sections(tile);
    s = all.statistic;
    special = s.exponent != 0;
    slope_factor = all.slope_factor;
    for (var slot = 0u; slot < 64u; slot++) {
      let step = member() + slot * TEAM_WIDTH;
      if (step >= steps_of(tile)) { break; }
      n[slot] = times_tile_r(n[slot], s, special);
    }

    var mean = mean_of_sections(tile, s);
    mean = gradient_mean(mean, slope_factor, s);

    if (has_tile) {
      for (var slot = 0u; slot < 64u; slot++) {
        let step = member() + slot * TEAM_WIDTH;
        if (step >= steps_of(tile)) { break; }
        let place = place_at(tile, step);
        let gradient = times_tile_r(less_mean(tile, step, weighted_dy(place, dy[slot]), n[slot], mean, s), s, special);
        store_dx(place, gradient * params.alpha);
      }
    }
  }
