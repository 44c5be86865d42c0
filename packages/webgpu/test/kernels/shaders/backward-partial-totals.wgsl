// pnpm wgsl backward --shape 2x3x5 --dtype bfloat16 --bias --dispatch 4
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 4 of 4: multi-pass-totals:partial_sums dgamma! dbeta!
// Bindings:
//   0 partial_sums (read)
//   1 dgamma (read_write)
//   2 dbeta (read_write)
//   3 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters
//   forward-statistics.wgsl: Elements, ElementBits, ElementInts
//   backward-rows.wgsl: Total, opaque_total, add, add_totals, value_of_total

@group(0) @binding(0) var<storage, read> partial_sums: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(2) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(3) var<uniform> params: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  let feature = (workgroup.x + workgroup.y * grid.x) * 64u + index;
  let features = params.groups * params.size;
  if (feature >= features) { return; }
  var gamma_sum = Total();
  var beta_sum = Total();
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let partial = partial_sums[chunk * features + feature];
    gamma_sum = add_totals(gamma_sum, Total(partial.x, partial.y));
    beta_sum = add_totals(beta_sum, Total(partial.z, partial.w));
  }
  dgamma[feature] = value_of_total(gamma_sum);
  dbeta[feature] = value_of_total(beta_sum);
}
