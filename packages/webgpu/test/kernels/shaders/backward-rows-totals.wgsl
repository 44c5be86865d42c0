// pnpm wgsl backward --shape 8x32 --bias --dispatch 2
// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
// Dispatch 2 of 2: single-pass-totals:dgamma,dbeta,1
// Bindings:
//   0 weight_sums (read)
//   1 dgamma (read_write)
//   2 dbeta (read_write)
//   3 params (uniform, 144 bytes)
// Grid: 1 x 1 x 1 workgroups
// Declared elsewhere, as printed by the command above:
//   forward-rows.wgsl: Parameters
//   forward-statistics.wgsl: Elements, ElementBits, ElementInts
//   backward-rows.wgsl: Total, opaque_total, add, add_totals, value_of_total

@group(0) @binding(0) var<storage, read> weight_sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(2) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(3) var<uniform> params: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) index: u32) {
  let column = (workgroup.x + workgroup.y * grid.x) * 64u + index % 64u;
  let features = params.groups * params.size;
  let columns = 2u * features;
  var total = Total();
  if (column < columns) {
    for (var chunk = index / 64u; chunk < params.chunks; chunk += 1u) {
      total = add(total, weight_sums[chunk * columns + column]);
    }
  }
  if (index >= 64u || column >= columns) { return; }
  if (column < features) { dgamma[column] = value_of_total(total); } else { dbeta[column - features] = value_of_total(total); }
}
