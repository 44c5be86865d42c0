// Elements of the three dtypes, as bits, and their conversion to and from float32.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>
#include <cstring>

#include "device.cuh"

namespace rmsnorm {

DEVICE float floatOfBits(std::uint32_t bits) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(bits);
#else
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
#endif
}

DEVICE std::uint32_t bitsOfFloat(float value) {
#ifdef __CUDA_ARCH__
  return __float_as_uint(value);
#else
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
#endif
}

struct Float32 {
  using Bits = std::uint32_t;
  static DEVICE float toFloat(Bits bits) { return floatOfBits(bits); }
  static DEVICE Bits fromFloat(float value) { return bitsOfFloat(value); }
};

struct Float16 {
  using Bits = std::uint16_t;
  static DEVICE float toFloat(Bits bits) { return __half2float(__ushort_as_half(bits)); }
  static DEVICE Bits fromFloat(float value) { return __half_as_ushort(__float2half_rn(value)); }
  /** Two elements, the first in the low half. */
  static DEVICE std::uint32_t fromFloats(float first, float second) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    std::uint32_t word;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
    return word;
#else
    return fromFloat(first) | std::uint32_t(fromFloat(second)) << 16;
#endif
  }
};

struct BFloat16 {
  using Bits = std::uint16_t;
  static DEVICE float toFloat(Bits bits) { return floatOfBits(std::uint32_t(bits) << 16); }
  /** To nearest even. A NaN becomes the quiet one, as its bits may carry over. */
  static DEVICE Bits fromFloat(float value) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    Bits bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
#else
    if (value != value) return 0x7fff;
    const std::uint32_t bits = bitsOfFloat(value);
    return Bits((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
#endif
  }
  /** Two elements, the first in the low half. */
  static DEVICE std::uint32_t fromFloats(float first, float second) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    std::uint32_t word;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
    return word;
#else
    return fromFloat(first) | std::uint32_t(fromFloat(second)) << 16;
#endif
  }
};

/** Elements of 16 bytes, the widest access. */
template <class T>
constexpr int kVector = 16 / int(sizeof(typename T::Bits));

/** `value` rounded to the dtype. */
template <class T>
DEVICE float rounded(float value) {
  return T::toFloat(T::fromFloat(value));
}

}  // namespace rmsnorm
