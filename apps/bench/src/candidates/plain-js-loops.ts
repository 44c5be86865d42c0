import type { Layout } from '@rmsnorm/core';

// One function for each row, at the top of the module: the engine compiles them once for all workloads.

export function forwardRows(x: Float32Array, gamma: Float32Array, y: Float32Array, layout: Layout, eps: number): void {
  const { outer, groups, size, inner } = layout;
  for (let slab = 0; slab < outer * groups; slab++) {
    for (let i = 0; i < inner; i++) {
      forwardRow(x, gamma, y, slab * size * inner + i, (slab % groups) * size, size, inner, eps);
    }
  }
}

function forwardRow(
  x: Float32Array,
  gamma: Float32Array,
  y: Float32Array,
  first: number,
  weights: number,
  size: number,
  stride: number,
  eps: number,
): void {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += x[first + k * stride]! ** 2;
  const r = 1 / Math.sqrt(sum / size + eps);
  for (let k = 0; k < size; k++) y[first + k * stride] = x[first + k * stride]! * r * gamma[weights + k]!;
}

export function addRows(x: Float32Array, residual: Float32Array, sum: Float32Array): void {
  for (let i = 0; i < x.length; i++) sum[i] = x[i]! + residual[i]!;
}

/** x * silu(gate). */
export function gateRows(x: Float32Array, gate: Float32Array, gated: Float32Array): void {
  for (let i = 0; i < x.length; i++) gated[i] = (x[i]! * gate[i]!) / (1 + Math.exp(-gate[i]!));
}

export function backwardRows(
  x: Float32Array,
  dy: Float32Array,
  gamma: Float32Array,
  dx: Float32Array,
  dgamma: Float32Array,
  layout: Layout,
  eps: number,
): void {
  const { outer, groups, size, inner } = layout;
  dgamma.fill(0);
  for (let slab = 0; slab < outer * groups; slab++) {
    for (let i = 0; i < inner; i++) {
      backwardRow(x, dy, gamma, dx, dgamma, slab * size * inner + i, (slab % groups) * size, size, inner, eps);
    }
  }
}

function backwardRow(
  x: Float32Array,
  dy: Float32Array,
  gamma: Float32Array,
  dx: Float32Array,
  dgamma: Float32Array,
  first: number,
  weights: number,
  size: number,
  stride: number,
  eps: number,
): void {
  let squares = 0;
  let products = 0;
  for (let k = 0; k < size; k++) {
    const value = x[first + k * stride]!;
    squares += value * value;
    products += value * dy[first + k * stride]! * gamma[weights + k]!;
  }
  const r = 1 / Math.sqrt(squares / size + eps);
  const back = (r * r * r * products) / size;
  for (let k = 0; k < size; k++) {
    const at = first + k * stride;
    dx[at] = r * dy[at]! * gamma[weights + k]! - x[at]! * back;
    dgamma[weights + k]! += dy[at]! * x[at]! * r;
  }
}

/**
 * Quantizes the rows of all groups together. Math.round rounds halves up, not to even: one element in many millions is
 * a half.
 */
export function quantizeRows(y: Float32Array, q: Int8Array, scales: Float32Array, layout: Layout): void {
  const { outer, groups, size, inner } = layout;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      scales[o * inner + i] = quantizeRow(y, q, o * groups * size * inner + i, groups * size, inner);
    }
  }
}

function quantizeRow(y: Float32Array, q: Int8Array, first: number, size: number, stride: number): number {
  let largest = 0;
  for (let k = 0; k < size; k++) largest = Math.max(largest, Math.abs(y[first + k * stride]!));
  const scale = largest === 0 ? 1 : largest / 127;
  for (let k = 0; k < size; k++) q[first + k * stride] = Math.round(y[first + k * stride]! / scale);
  return scale;
}
