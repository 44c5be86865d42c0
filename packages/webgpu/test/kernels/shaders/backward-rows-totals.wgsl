// pnpm wgsl backward --shape 8x512 --bias --dispatch 2
// Dispatch 2 of 2: single-pass-totals:dgamma,dbeta,1
// Bindings:
//   0 weight_sums (read)
//   1 dgamma (read_write)
//   2 dbeta (read_write)
//   3 params (uniform, 144 bytes)
// Grid: 16 x 1 x 1 workgroups

struct Parameters {
  rows: u32, // of this dispatch
  first_slab: u32, // the [size, inner] of the tensor with which they start
  groups: u32,
  size: u32, // features of a row
  inner: u32,
  stat_size: u32, // features that enter the statistic
  elements: u32, // rows * size
  sections: u32, // into which a row is split

  // A sum of squares is plain, untouched by overflow and underflow, where its bits lie between plain_lowest and
  // plain_highest. Then r = factor / sqrt(max(sum + eps_added, eps_least)).
  plain_lowest: u32,
  plain_highest: u32,
  eps_added: f32,
  eps_least: f32,
  factor: f32, // alpha * sqrt(count)
  factor_low: f32,

  // For other sums, whose numbers may lie beyond float32: eps = eps_mantissa * 4^eps_power is added, or is the least value
  // where eps_clamps is 1; factor = factor_mantissa * 2^factor_power; the same for rstd = r / alpha.
  eps_clamps: u32,
  eps_mantissa: f32,
  eps_power: i32,
  factor_mantissa: f32,
  factor_mantissa_low: f32,
  factor_power: i32,
  rstd_mantissa: f32,
  rstd_mantissa_low: f32,
  rstd_power: i32,

  // What becomes of x * r.
  weight_offset: f32,
  weight_offset_low: f32,
  given_scale: f32, // of forwardQuantized

  // Of gradients.
  alpha: f32,
  reciprocal_count: f32,
  chunks: u32, // into which the terms of dgamma and dbeta are split here
  first_chunk: u32, // among the chunks of all dispatches
  chunk_tiles: u32, // of each team, in a chunk

  // Constants that a compiler must not see: it may calculate with them.
  nan_bits: u32,
  infinity_bits: u32,
  zero_bits: u32,
}

@group(0) @binding(0) var<storage, read> weight_sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(2) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(3) var<uniform> params: Parameters;

// What an invocation reads at a time.
alias Elements = f32;
alias ElementBits = u32;
alias ElementInts = i32;

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

// What an infinity lost is no number.
fn value_of_total(total: Total) -> Elements {
  let finite = (bitcast<ElementBits>(total.high) & ElementBits(0x7fffffffu)) < ElementBits(0x7f800000u);
  return select(total.high, total.high + total.low, finite);
}

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
