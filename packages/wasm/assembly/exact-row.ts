// One row at any stride, in float64 throughout: holds for every float32, whose squares neither overflow nor underflow
// in float64. The fast kernels send rows here whose sum or r leaves the range of float32.

import { BFLOAT16, FLOAT16, FLOAT32 } from './dtype';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half';

function load1(dtype: i32, p: usize): f64 {
  if (dtype === FLOAT32) return load<f32>(p);
  return dtype === FLOAT16 ? float16ToFloat32(load<u16>(p)) : bfloat16ToFloat32(load<u16>(p));
}

function store1(dtype: i32, p: usize, value: f32): void {
  if (dtype === FLOAT32) store<f32>(p, value);
  else store<u16>(p, dtype === FLOAT16 ? float32ToFloat16(value) : float32ToBfloat16(value));
}

function round1(dtype: i32, value: f32): f32 {
  if (dtype === FLOAT32) return value;
  return dtype === FLOAT16 ? float16ToFloat32(float32ToFloat16(value)) : bfloat16ToFloat32(float32ToBfloat16(value));
}

/** `stride` is the distance of neighbours in bytes. Returns r / alpha. */
export function exactRow(
  dtype: i32,
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  stride: usize,
  size: u32,
  statSize: u32,
  eps: f64,
  clamp: bool,
  alpha: f64,
  weightOffset: f64,
  llama: bool,
): f64 {
  let sum: f64 = 0;
  for (let i: u32 = 0; i < statSize; i++) {
    const v = load1(dtype, x + i * stride);
    sum += v * v;
  }
  const rstd = clamp ? sqrt(<f64>size) / max(sqrt(sum), eps) : 1 / sqrt(sum / <f64>statSize + eps);
  const r = alpha * rstd;
  for (let i: u32 = 0; i < size; i++) {
    const v = load1(dtype, x + i * stride);
    // A zero denominator makes r infinite; zeros stay zeros.
    let t = v === 0 ? v : v * r;
    if (llama) t = round1(dtype, <f32>t);
    if (gamma) t *= weightOffset + <f64>load<f32>(gamma + ((<usize>i) << 2));
    if (beta) t += <f64>load<f32>(beta + ((<usize>i) << 2));
    store1(dtype, y + i * stride, <f32>t);
  }
  return rstd;
}
