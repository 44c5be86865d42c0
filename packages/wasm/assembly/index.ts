import { FLOAT32 } from './dtype';
import { exactRow } from './exact-row';

export function scratchBytes(dtype: i32, groups: u32, size: u32, inner: u32, weightOffset: f64): u32 {
  return 16;
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
  const bytes: u32 = dtype === FLOAT32 ? 4 : 2;
  const slab: usize = size * inner * bytes;
  for (let o: u32 = 0; o < outer; o++) {
    for (let g: u32 = 0; g < groups; g++) {
      const at: usize = (o * groups + g) * slab;
      const w = gamma ? gamma + g * size * 4 : 0;
      const b = beta ? beta + g * size * 4 : 0;
      for (let i: u32 = 0; i < inner; i++) {
        const p = at + i * bytes;
        const s = exactRow(
          dtype,
          x + p,
          w,
          b,
          y + p,
          inner * bytes,
          size,
          statSize,
          eps,
          clamp,
          alpha,
          weightOffset,
          llama,
        );
        if (rstd) store<f32>(rstd + (((o * groups + g) * inner + i) << 2), <f32>s);
      }
    }
  }
}
