// Runs of elements whose dtype is known when the call comes: to float32 memory and back.

import { fromFloat32, toFloat32 } from '../half/convert';
import { BFloat16, FLOAT16, FLOAT32, Float16 } from './dtype';
import { anyFloat16, toBFloat16, toFloat16 } from '../half/lanes';

/** Of the call's tensors. */
export let dtype: i32 = FLOAT32;

export function setDtype(dtype_: i32): void {
  dtype = dtype_;
}

/** log2 of the bytes of an element. */
// @ts-ignore: decorator
@inline
export function shift(): usize {
  return dtype === FLOAT32 ? 2 : 1;
}

/** A call of memory.copy takes as long as 16 elements one by one. */
function copyRun(from: usize, to: usize, length: u32): void {
  if (length > 16) {
    memory.copy(to, from, <usize>length << 2);
    return;
  }
  for (const end = to + (<usize>length << 2); to < end; from += 4, to += 4) store<f32>(to, load<f32>(from));
}

export function loadRun(from: usize, to: usize, length: u32): void {
  if (dtype === FLOAT32) copyRun(from, to, length);
  else if (dtype === FLOAT16) toFloat32<Float16>(from, to, length);
  else toFloat32<BFloat16>(from, to, length);
}

export function storeRun(from: usize, to: usize, length: u32): void {
  if (dtype === FLOAT32) copyRun(from, to, length);
  else if (dtype === FLOAT16) fromFloat32<Float16>(from, to, length);
  else fromFloat32<BFloat16>(from, to, length);
}

export function loadElement(dtype: i32, p: usize): f64 {
  if (dtype === FLOAT32) return load<f32>(p);
  if (dtype === FLOAT16) return f32x4.extract_lane(anyFloat16(i32x4.splat(load<i16>(p))), 0);
  return reinterpret<f32>(load<u16>(p) << 16);
}

export function storeElement(dtype: i32, p: usize, value: f64): void {
  if (dtype === FLOAT32) {
    store<f32>(p, <f32>value);
    return;
  }
  const lanes = f32x4.splat(<f32>value);
  store<u16>(p, <u16>i32x4.extract_lane(dtype === FLOAT16 ? toFloat16(lanes) : toBFloat16(lanes), 0));
}
