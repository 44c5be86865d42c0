// pnpm wgsl backward --shape 2x64x3 --dtype bfloat16 --dispatch 2
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 2 of 2: gradient-blocks:bfloat16,true,false,64:x dy dx! gamma statistics dgamma!>dx
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 dx (read_write)
//   3 gamma (read)
//   4 statistics (read)
//   5 dgamma (read_write)
//   6 params (uniform, 144 bytes)
// Grid: 32 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters
//   forward-long-row-pairs.wgsl: Elements, ElementBits, ElementInts, RowValues, RowBits, RowInts, RowBools, load_x
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS
//   src/kernels/wgsl/float16.ts: widen, narrow, rounded
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_scaled_r, times_r
//   backward-rows.wgsl: Total, opaque_total, add, add_totals, value_of_total
//   src/kernels/backward/block-shader.ts: RowGradient, ElementBools, in_second_feature, features_of, rows_of, load_row_gradient, of_each_feature, of_each_element

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<u32>;
@group(0) @binding(2) var<storage, read_write> dx: array<u32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> statistics: array<vec4u>;
@group(0) @binding(5) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(6) var<uniform> params: Parameters;

fn load_dy(place: Place) -> Elements {
  let pair = widen(dy[place.index >> 1u]);
  return Elements(pair.x, select(0.0, pair.y, place.count > 1u));
}

fn store_dx(place: Place, v: Elements) {
  let bits16 = narrow(v);
  let word = place.index >> 1u;
  dx[word] = bits16.x | select(dx[word] & 0xffff0000u, bits16.y << 16u, place.count > 1u);
}

var<workgroup> workgroup_totals: array<Total, 64>;

fn workgroup_total(own: Total, index: u32) -> Total {
  workgroupBarrier();
  workgroup_totals[index] = own;
  for (var half = 32u; half >= 1u; half /= 2u) {
    workgroupBarrier();
    if (index < half) { workgroup_totals[index] = add_totals(workgroup_totals[index], workgroup_totals[index + half]); }
  }
  return workgroup_totals[index];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  let workgroup_index = workgroup.x + workgroup.y * grid.x;
  // A block is two features in all slabs of its group; the workgroup has a chunk of its terms.
  let blocks = (params.size + 1u) / 2u;
  let chunk = workgroup_index / (blocks * params.groups);
  if (chunk >= params.chunks) { return; }
  let group = (workgroup_index / blocks) % params.groups;
  // Within its group of features.
  let first = (workgroup_index % blocks) * 2u;
  let feature = group * params.size + first;
  let words = min(2u, params.size - first) * params.inner / 2u;
  let slabs = params.rows / params.inner;
  let first_slab = (group + params.groups - params.first_slab % params.groups) % params.groups;
  let count = select(0u, (slabs - first_slab + params.groups - 1u) / params.groups, slabs > first_slab) * words;
  let each = (count + params.chunks - 1u) / params.chunks;
  let weights = ((Elements(gamma[feature], gamma[feature + 1u]) + params.weight_offset) + params.weight_offset_low);
  var gamma_sum = Total();
  var beta_sum = Total();
  for (var term = chunk * each + index; term < min((chunk + 1u) * each, count); term += 64u) {
    let slab = first_slab + (term / words) * params.groups;
    let element = (term % words) * 2u;
    let place = Place((slab * params.size + first) * params.inner + element, 2u, 0u, 0u);
    let second = in_second_feature(element);
    let row = load_row_gradient(rows_of(slab, element));
    let s = row.statistic;
    let dy = load_dy(place);
    let n = times_r(load_x(place), s);
    let g = dy * of_each_element(weights, second);
    // At a zero denominator the mean is 0, and n may be infinite.
    let in_statistic = (features_of(first, second) < vec2u(params.stat_size)) & (s.exponent != RowInts(R_IS_INFINITE));
    let scaled = times_r(select(g, fma(-n, row.mean, g), in_statistic), s);
    store_dx(place, scaled * params.alpha);
    gamma_sum = add(gamma_sum, of_each_feature(dy * (n * params.alpha), second));
    beta_sum = add(beta_sum, of_each_feature(dy, second));
  }
  let gamma_total = workgroup_total(gamma_sum, index);
  let beta_total = workgroup_total(beta_sum, index);
  if (index != 0u) { return; }
  for (var i = 0u; i < min(2u, params.size - first); i++) {
    dgamma[feature + i] = value_of_total(Total(Elements(gamma_total.high[i]), Elements(gamma_total.low[i]))).x;
  }
}
