// pnpm wgsl forward --shape 2x64x3 --dtype bfloat16 --dispatch 2
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 2 of 2: elementwise:forward,bfloat16,gamma:x y! gamma r exponents>y
// Bindings:
//   0 x (read)
//   1 y (read_write)
//   2 gamma (read)
//   3 r (read)
//   4 exponents (read)
//   5 params (uniform, 144 bytes)
// Grid: 2 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters, Elements, ElementBits, ElementInts, norm_input, weighted, write_output
//   forward-columns.wgsl: RowValues, RowBits, RowInts, RowBools
//   src/kernels/wgsl/tiles.ts: Place, ELEMENT_OFFSETS
//   src/kernels/forward/elementwise-shader.ts: element_indices, slabs_of, rows_of, features_in_group, features_of, statistic_of_rows
//   src/kernels/wgsl/float16.ts: widen, narrow, rounded
//   forward-ragged-rows.wgsl: load_x, store_y
//   src/kernels/wgsl/statistic.ts: Statistic, R_IS_NAN, R_IS_ZERO, R_IS_INFINITE, LEAST_SPECIAL, MAGNITUDE_BITS, INFINITY_BITS, MIN_NORMAL_BITS, power_of_two, times_scaled_r, times_r

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> r: array<f32>;
@group(0) @binding(4) var<storage, read> exponents: array<i32>;
@group(0) @binding(5) var<uniform> params: Parameters;

fn load_gamma(place: Place) -> Elements {
  return Elements(gamma[features_of(place.index).x], gamma[features_of(place.index).y], gamma[features_of(place.index).z], gamma[features_of(place.index).w]);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  let first = 4u * ((workgroup.x + workgroup.y * grid.x) * 64u + index);
  if (first >= params.elements) { return; }
  let place = Place(first, params.elements - first, 0u, 0u);
  let input = norm_input(place);
  write_output(place, input, times_r(input, statistic_of_rows(rows_of(first))));
}
