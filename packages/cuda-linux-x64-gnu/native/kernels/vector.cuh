// Vectors of 16 bytes: which lane has which elements of a row never depends on alignment, only the width of the accesses does.
#pragma once

#include "element.cuh"

namespace rmsnorm {

/** 16 bytes of elements as they lie in memory. */
struct alignas(16) Raw {
  std::uint32_t words[4];
};

namespace access {

struct alignas(16) Sixteen {
  std::uint32_t words[4];
};
struct alignas(8) Eight {
  std::uint32_t words[2];
};

/** The elements after each other that are left of `size` from `first` on, at most `most`. */
DEVICE int left(std::int64_t first, std::int64_t size, int most) {
  const std::int64_t rest = size - first;
  return rest <= 0 ? 0 : rest < most ? int(rest) : most;
}

}  // namespace access

/** Loads `count` elements of T at `p` (at most 16 bytes); the rest are zeros. A whole vector is read in accesses of `width` bytes. */
template <class T>
DEVICE Raw loadRaw(const typename T::Bits* p, int count, int width) {
  Raw raw{{0, 0, 0, 0}};
  if (count == kVector<T>) {
    if (width == 16) {
      const auto v = *reinterpret_cast<const access::Sixteen*>(p);
      raw = Raw{{v.words[0], v.words[1], v.words[2], v.words[3]}};
      return raw;
    }
    if (width == 8) {
      const auto* v = reinterpret_cast<const access::Eight*>(p);
      raw = Raw{{v[0].words[0], v[0].words[1], v[1].words[0], v[1].words[1]}};
      return raw;
    }
    if (width == 4) {
      const auto* v = reinterpret_cast<const std::uint32_t*>(p);
      raw = Raw{{v[0], v[1], v[2], v[3]}};
      return raw;
    }
  }
  UNROLL for (int i = 0; i < kVector<T>; i++) {
    if (i >= count) continue;
    if constexpr (sizeof(typename T::Bits) == 4) raw.words[i] = p[i];
    else raw.words[i >> 1] |= std::uint32_t(p[i]) << (16 * (i & 1));
  }
  return raw;
}

template <class T>
DEVICE void storeRaw(typename T::Bits* p, const Raw& raw, int count, int width) {
  if (count == kVector<T>) {
    if (width == 16) {
      *reinterpret_cast<access::Sixteen*>(p) = {{raw.words[0], raw.words[1], raw.words[2], raw.words[3]}};
      return;
    }
    if (width == 8) {
      auto* v = reinterpret_cast<access::Eight*>(p);
      v[0] = {{raw.words[0], raw.words[1]}};
      v[1] = {{raw.words[2], raw.words[3]}};
      return;
    }
    if (width == 4) {
      auto* v = reinterpret_cast<std::uint32_t*>(p);
      UNROLL for (int i = 0; i < 4; i++) v[i] = raw.words[i];
      return;
    }
  }
  UNROLL for (int i = 0; i < kVector<T>; i++) {
    if (i >= count) continue;
    if constexpr (sizeof(typename T::Bits) == 4) p[i] = raw.words[i];
    else p[i] = typename T::Bits(raw.words[i >> 1] >> (16 * (i & 1)));
  }
}

/** Element i of a vector, as float32. */
template <class T>
DEVICE float elementOf(const Raw& raw, int i) {
  if constexpr (sizeof(typename T::Bits) == 4) return T::toFloat(raw.words[i]);
  else return T::toFloat(typename T::Bits(raw.words[i >> 1] >> (16 * (i & 1))));
}

template <class T>
DEVICE void unpack(const Raw& raw, float* values) {
  UNROLL for (int i = 0; i < kVector<T>; i++) values[i] = elementOf<T>(raw, i);
}

/** Rounds to the dtype. */
template <class T>
DEVICE Raw pack(const float* values) {
  Raw raw{{0, 0, 0, 0}};
  UNROLL for (int i = 0; i < kVector<T>; i++) {
    if constexpr (sizeof(typename T::Bits) == 4) raw.words[i] = T::fromFloat(values[i]);
    else raw.words[i >> 1] |= std::uint32_t(T::fromFloat(values[i])) << (16 * (i & 1));
  }
  return raw;
}

/** `count` float32 weights at `p`, of N at most, in accesses of 16 bytes where `width` says that they are aligned; else 0. */
template <int N>
DEVICE void loadWeights(const float* p, int count, int width, float* values) {
  if (count == N && width == 16) {
    UNROLL for (int i = 0; i < N; i += 4) {
      const auto v = *reinterpret_cast<const access::Sixteen*>(p + i);
      UNROLL for (int j = 0; j < 4; j++) values[i + j] = floatOfBits(v.words[j]);
    }
    return;
  }
  UNROLL for (int i = 0; i < N; i++) values[i] = i < count ? p[i] : 0.0f;
}

}  // namespace rmsnorm
