// The exports of the module; src/kernels.ts says what a caller must know.

import { CELL_BYTES } from './cells';
import { BFLOAT16, BFloat16, FLOAT16, FLOAT32, Float16, Float32 } from './dtype';
import { setProblem } from './problem';
import { float32Rows } from './rows';
import { rowBytes, rows16 } from './rows-16';
import { stripBytes, strips } from './strips';
import { weightBytes } from './weights';

export function scratchBytes(dtype: i32, groups: u32, size: u32, inner: u32, weightOffset: f64): u32 {
  const head = CELL_BYTES + weightBytes(groups * size, size, weightOffset);
  if (dtype === FLOAT32) return inner > 1 ? head + stripBytes<Float32>(size, inner) : head;
  return head + (inner > 1 ? stripBytes<Float16>(size, inner) : rowBytes(size));
}

export function forward(
  dtype: i32,
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  rstd: usize,
  scratch: usize,
  outer: u32,
  groups: u32,
  size: u32,
  inner: u32,
  statSize: u32,
  eps: f64,
  clamp: bool,
  alpha: f64,
  weightOffset: f64,
  llama: bool,
): void {
  // 'llama' rounds x * r to float32, which is what 'gemma' does there.
  const twice = llama && dtype !== FLOAT32;
  setProblem(
    x,
    gamma,
    beta,
    y,
    rstd,
    scratch,
    outer,
    groups,
    size,
    inner,
    statSize,
    eps,
    clamp,
    alpha,
    weightOffset,
    twice,
  );
  if (inner > 1) {
    if (dtype === FLOAT32) strips<Float32>();
    else if (dtype === FLOAT16) strips<Float16>();
    else strips<BFloat16>();
  } else {
    if (dtype === FLOAT32) float32Rows();
    else if (dtype === FLOAT16) rows16<Float16>();
    else rows16<BFloat16>();
  }
}
