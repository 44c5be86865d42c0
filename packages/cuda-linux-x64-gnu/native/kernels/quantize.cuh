// float32 to int8: the largest magnitude, the scale that follows from it, and rounding half to even within 127.
#pragma once

#include <math.h>

#include "operation.cuh"

namespace rmsnorm {

/** Magnitudes are compared as integers, so that a NaN is the largest. */
DEVICE std::uint32_t magnitudeOf(float value) { return bitsOfFloat(value) & 0x7fffffffu; }

template <int N>
DEVICE std::uint32_t largestOf(const float* values, int count, std::uint32_t largest) {
  UNROLL for (int i = 0; i < N; i++) {
    const std::uint32_t magnitude = i < count ? magnitudeOf(values[i]) : 0;
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

/** The scale with which the largest magnitude becomes 127. */
DEVICE float scaleOf(const Args& a, std::uint32_t largest) {
  if (a.scale > 0.0f) return a.scale;
  return largest == 0 ? 1.0f : floatOfBits(largest) / 127.0f;
}

/** 0 where value / scale is a NaN. */
DEVICE std::int8_t quantized(float value, float scale) {
  const float t = value / scale;
  if (t != t) return 0;
  return std::int8_t(rintf(t < -127.0f ? -127.0f : t > 127.0f ? 127.0f : t));
}

/** Writes the int8 of a place. */
template <class T>
DEVICE void storeQuantized(const Args& a, Place place, const float* values, float scale) {
  constexpr int N = kVector<T>;
  Words<N / 4> words{};
  UNROLL for (int i = 0; i < N; i++) {
    words.words[i / 4] |= std::uint32_t(std::uint8_t(quantized(values[i], scale))) << (8 * (i & 3));
  }
  storeWords<std::uint8_t, N / 4>(reinterpret_cast<std::uint8_t*>(a.q) + place.offset, words, place, a.aligned);
}

}  // namespace rmsnorm
