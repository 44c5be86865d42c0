// pnpm wgsl backward --shape 2x3x5 --dtype bfloat16 --dispatch 3
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 3 of 4: dx:bfloat16,true,false,dx:x dy dx! gamma statistics
// Bindings:
//   0 x (read)
//   1 dy (read)
//   2 dx (read_write)
//   3 gamma (read)
//   4 statistics (read)
//   5 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts
//   forward-columns.wgsl: RowValues, RowBits, RowInts, RowBools
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS
//   src/kernels/forward/elementwise-shader.ts: element_indices, slabs_of, rows_of, features_in_group, features_of
//   src/kernels/wgsl/float16.ts: widen, narrow, rounded
//   forward-ragged-rows.wgsl: load_x
//   forward-by-elements.wgsl: load_gamma
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_scaled_r, times_r

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<u32>;
@group(0) @binding(2) var<storage, read_write> dx: array<u32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> statistics: array<vec4u>;
@group(0) @binding(5) var<uniform> params: Parameters;

fn load_dy(place: Place) -> Elements {
  return select(Elements(), Elements(widen(dy[place.index >> 1u]), widen(dy[(place.index >> 1u) + 1u])), ELEMENT_OFFSETS < vec4u(place.count));
}

fn store_dx(place: Place, v: Elements) {
  let bits16 = narrow(v);
  let word = place.index >> 1u;
  dx[word] = bits16.x | select(dx[word] & 0xffff0000u, bits16.y << 16u, place.count > 1u);
  if (place.count > 2u) { dx[word + 1u] = bits16.z | select(dx[word + 1u] & 0xffff0000u, bits16.w << 16u, place.count > 3u); }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  let first = 4u * ((workgroup.x + workgroup.y * grid.x) * 64u + index);
  if (first >= params.elements) { return; }
  let place = Place(first, params.elements - first, 0u, 0u);
  let row = rows_of(first);
  let a = statistics[row.x];
  let b = statistics[row.y];
  let c = statistics[row.z];
  let d = statistics[row.w];
  let s = Statistic(bitcast<Elements>(vec4u(a.x, b.x, c.x, d.x)), bitcast<ElementInts>(vec4u(a.y, b.y, c.y, d.y)));
  let mean = bitcast<Elements>(vec4u(a.z, b.z, c.z, d.z));
  let g = load_dy(place) * ((load_gamma(place) + params.weight_offset) + params.weight_offset_low);
  let less_mean = fma(-times_r(load_x(place), s), mean, g);
  // At a zero denominator the mean is 0, and n may be infinite.
  let gradient = select(g, less_mean, (features_in_group(first) < vec4u(params.stat_size)) & (s.exponent != RowInts(R_IS_INFINITE)));
  let scaled = times_r(gradient, s);
  store_dx(place, scaled * params.alpha);
}
