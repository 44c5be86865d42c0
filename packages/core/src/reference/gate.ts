/** silu(z) = z / (1 + exp(-z)). */
function silu(z: number): number {
  return z / (1 + Math.exp(-z));
}

/** x * silu(gate), element by element. */
export function gated(x: Float64Array, gate: Float64Array): Float64Array {
  return x.map((value, i) => value * silu(gate[i]!));
}
