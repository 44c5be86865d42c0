import type { FloatDType } from '@rmsnorm/core';
import { component, type Lanes, lines, vector } from './wgsl.ts';

// 16-bit elements as the bits that they are: WGSL's own conversions to float16 may round either way, and beyond 65504
// they spoil the neighbour in the word (seen in pack2x16float). Reading is exact anyhow.

/** `widen(word)`: the two elements of a word as numbers. */
export function widen(dtype: FloatDType): string {
  if (dtype === 'float16') return `fn widen(word: u32) -> vec2f { return unpack2x16float(word); }`;
  return `fn widen(word: u32) -> vec2f { return bitcast<vec2f>(vec2u(word << 16u, word & 0xffff0000u)); }`;
}

/** `narrow(v)`: the nearest elements of a 16-bit type, ties to even, as bits; `rounded(v)`: as numbers. */
export function narrow(dtype: FloatDType, lanes: Lanes): string {
  if (dtype === 'float32') return `fn rounded(v: V) -> V { return v; }`;
  return lines(dtype === 'float16' ? NARROW_FLOAT16 : NARROW_BFLOAT16, rounded(dtype, lanes));
}

// Below 2^-14 the spacing is 2^-24, float32's own at 0.5: adding 0.5 rounds to it. Above, adding half of the last place
// but one bit, and that bit, rounds in the integers, into the next power of two as well.
const NARROW_FLOAT16 = `fn narrow(v: V) -> U {
  let bits = bitcast<U>(v);
  let magnitude = bits & U(0x7fffffffu);
  let normal = (magnitude + U(0xfffu) + ((magnitude >> U(13u)) & U(1u)) - U(112u << 23u)) >> U(13u);
  let small = bitcast<U>(bitcast<V>(magnitude) + V(0.5)) - U(0x3f000000u);
  var half = select(normal, small, magnitude < U(0x38800000u));
  half = select(half, U(0x7c00u), magnitude >= U(0x477ff000u));
  half = select(half, U(0x7e00u), magnitude > U(0x7f800000u));
  return half | ((bits >> U(16u)) & U(0x8000u));
}`;

const NARROW_BFLOAT16 = `fn narrow(v: V) -> U {
  let bits = bitcast<U>(v);
  let nearest = (bits + U(0x7fffu) + ((bits >> U(16u)) & U(1u))) >> U(16u);
  return select(nearest, U(0x7fc0u), (bits & U(0x7fffffffu)) > U(0x7f800000u));
}`;

function rounded(dtype: FloatDType, lanes: Lanes): string {
  if (dtype === 'bfloat16') return `fn rounded(v: V) -> V { return bitcast<V>(narrow(v) << U(16u)); }`;
  const numbers = vector('V', lanes, (lane) => `unpack2x16float(${component('half', lanes, lane)}).x`);
  return `fn rounded(v: V) -> V { let half = narrow(v); return ${numbers}; }`;
}
