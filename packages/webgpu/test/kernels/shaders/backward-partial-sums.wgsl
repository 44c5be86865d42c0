// pnpm wgsl backward --shape 2x3x5 --dtype bfloat16 --bias --dispatch 2
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 2 of 4: gradient-partial-sums:bfloat16,1x128:x dy statistics partial_sums!
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 statistics (read)
//   3 partial_sums (read_write)
//   4 params (uniform, 144 bytes)
// Grid: 3 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters, RowValues, RowBits, RowInts, RowBools
//   forward-statistics.wgsl: Elements, ElementBits, ElementInts, load_x
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS
//   src/kernels/wgsl/float16.ts: widen
//   backward-statistics.wgsl: load_dy
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_scaled_r, times_r
//   backward-rows.wgsl: Total, opaque_total, add, add_totals, value_of_total

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<u32>;
@group(0) @binding(2) var<storage, read> statistics: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> partial_sums: array<vec4f>;
@group(0) @binding(4) var<uniform> params: Parameters;

var<workgroup> workgroup_totals: array<Total, 128>;

fn workgroup_total(own: Total, index: u32) -> Total {
  workgroupBarrier();
  workgroup_totals[index] = own;
  for (var half = 64u; half >= 1u; half /= 2u) {
    workgroupBarrier();
    if (index < half) { workgroup_totals[index] = add_totals(workgroup_totals[index], workgroup_totals[index + half]); }
  }
  return workgroup_totals[index];
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  // A workgroup has a chunk of the terms of a feature.
  let workgroup_index = workgroup.x + workgroup.y * grid.x;
  let features = params.groups * params.size;
  let feature = (workgroup_index / params.chunks) * 1u + index % 1u;
  let chunk = workgroup_index % params.chunks;
  let offset = params.first_slab % params.groups;
  // Terms of a feature: all places of this range where its group is there, [outer, inner].
  let group = min(feature, features - 1u) / params.size;
  let slabs = params.rows / params.inner;
  let first_slab = (group + params.groups - offset) % params.groups;
  let count = select(0u, (slabs - first_slab + params.groups - 1u) / params.groups, slabs > first_slab) * params.inner;
  let each = (count + params.chunks - 1u) / params.chunks;
  var gamma_sum = Total();
  var beta_sum = Total();
  if (feature < features) {
    for (var term = chunk * each + index / 1u; term < min((chunk + 1u) * each, count); term += 128u) {
      let slab = first_slab + (term / params.inner) * params.groups;
      let column = term % params.inner;
      let place = Place((slab * params.size + feature % params.size) * params.inner + column, 1u, 0u, 0u);
      let row = slab * params.inner + column;
      let dy = load_dy(place);
      let s = statistics[row];
      gamma_sum = add(gamma_sum, dy * (times_r(load_x(place), Statistic(bitcast<f32>(s.x), bitcast<i32>(s.y))) * params.alpha));
      beta_sum = add(beta_sum, dy);
    }
  }
  let gamma_total = workgroup_total(gamma_sum, index);
  let beta_total = workgroup_total(beta_sum, index);
  if (index < 1u && feature < features) {
    partial_sums[(params.first_chunk + chunk) * features + feature] = vec4f(gamma_total.high, gamma_total.low, beta_total.high, beta_total.low);
  }
}
