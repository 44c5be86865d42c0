// Conversion between x's dtype and float32: of runs of consecutive elements, and of single ones.

import { call } from '../call';
import { DType } from '../descriptor';
import { fromFloat32, toFloat32 } from '../half/convert';
import { anyFloat16, toBFloat16, toFloat16 } from '../half/special';
import { BFloat16, Float16 } from './generic';

/** The most elements of a run. */
export const RUN: u32 = 4096;

/** memory.copy takes as long to start as it takes to copy 16 elements in a loop. */
function copyRun(from: usize, to: usize, length: u32): void {
  if (length > 16) {
    memory.copy(to, from, <usize>length << 2);
    return;
  }
  for (const end = to + (<usize>length << 2); to < end; from += 4, to += 4) store<f32>(to, load<f32>(from));
}

/** Converts elements of x's dtype to float32. */
export function loadRun(from: usize, to: usize, length: u32): void {
  const dtype = call.dtype;
  if (dtype === DType.float32) copyRun(from, to, length);
  else if (dtype === DType.float16) toFloat32<Float16>(from, to, length);
  else toFloat32<BFloat16>(from, to, length);
}

/** Rounds float32 elements to x's dtype. */
export function storeRun(from: usize, to: usize, length: u32): void {
  const dtype = call.dtype;
  if (dtype === DType.float32) copyRun(from, to, length);
  else if (dtype === DType.float16) fromFloat32<Float16>(from, to, length);
  else fromFloat32<BFloat16>(from, to, length);
}

/** One element of a dtype. */
export function loadElement(dtype: u32, p: usize): f64 {
  switch (dtype) {
    case DType.float32:
      return load<f32>(p);
    case DType.float16:
      return f32x4.extract_lane(anyFloat16(i32x4.splat(load<i16>(p))), 0);
    default:
      return reinterpret<f32>(load<u16>(p) << 16);
  }
}

/** Rounds to float32, then to the dtype, and stores one element. */
export function storeElement(dtype: u32, p: usize, value: f64): void {
  const single = <f32>value;
  if (dtype === DType.float32) {
    store<f32>(p, single);
    return;
  }
  const lanes = f32x4.splat(single);
  store<u16>(p, <u16>i32x4.extract_lane(dtype === DType.float16 ? toFloat16(lanes) : toBFloat16(lanes), 0));
}
