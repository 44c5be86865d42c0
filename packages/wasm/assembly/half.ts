// One float16 or bfloat16 at a time; the vector versions stand in half-simd.ts.

export function float16ToFloat32(bits: u32): f32 {
  // The 15 bits shifted into place are the value times 2^-112, subnormals included.
  let magnitude = reinterpret<f32>((bits & 0x7fff) << 13) * reinterpret<f32>((127 + 112) << 23);
  if ((bits & 0x7c00) === 0x7c00) magnitude = reinterpret<f32>(reinterpret<u32>(magnitude) | 0x7f800000);
  return reinterpret<f32>(reinterpret<u32>(magnitude) | ((bits & 0x8000) << 16));
}

/** To nearest even; overflow gives infinity, NaN stays NaN. */
export function float32ToFloat16(value: f32): u32 {
  const bits = reinterpret<u32>(value);
  const sign = (bits >> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 143 << 23) return sign | 0x7c00;
  // Below 2^-14: adding 0.5 leaves the multiple of 2^-24 in the last bits, rounded by the addition.
  if (magnitude < 113 << 23) return sign | (reinterpret<u32>(reinterpret<f32>(magnitude) + 0.5) - 0x3f000000);
  return sign | ((magnitude - (112 << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13);
}

export function bfloat16ToFloat32(bits: u32): f32 {
  return reinterpret<f32>(bits << 16);
}

/** To nearest even; overflow gives infinity, NaN stays NaN. */
export function float32ToBfloat16(value: f32): u32 {
  const bits = reinterpret<u32>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >> 16) | 0x40;
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}
