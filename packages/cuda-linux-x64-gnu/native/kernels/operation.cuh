// What an operation does with a vector of a row before it is summed (it enters) and after it was scaled (it leaves).
#pragma once

#include "../plan/kernel_names.h"
#include "silu.cuh"
#include "statistic.cuh"
#include "vector.cuh"

namespace rmsnorm {

/** A vector of `count` elements of a row, the first of which has this offset in the tensors, in elements. */
struct Place {
  std::int64_t offset;
  int count;
};

template <class T>
DEVICE Raw loadAt(const void* tensor, const Args& a, Place place) {
  return loadRaw<T>(static_cast<const typename T::Bits*>(tensor) + place.offset, place.count, a.width);
}

template <class T>
DEVICE void storeAt(void* tensor, const Args& a, Place place, const float* values) {
  storeRaw<T>(static_cast<typename T::Bits*>(tensor) + place.offset, pack<T>(values), place.count, a.width);
}

/** What is read of a vector, before anything is computed: so all loads of a row are on their way together. */
template <Kind K>
struct Loaded {
  Raw x;
};
template <>
struct Loaded<Kind::add> {
  Raw x;
  Raw residual;
};
template <>
struct Loaded<Kind::gated> {
  Raw x;
  Raw gate;
};

template <class T, Kind K>
DEVICE Loaded<K> load(const Args& a, Place place) {
  Loaded<K> loaded;
  loaded.x = loadAt<T>(a.x, a, place);
  if constexpr (K == Kind::add) loaded.residual = loadAt<T>(a.residual, a, place);
  if constexpr (K == Kind::gated) {
    if (!a.normBeforeGate) loaded.gate = loadAt<T>(a.gate, a, place);
  }
  return loaded;
}

/** The values that are summed and scaled; addForward writes them. */
template <class T, Kind K>
DEVICE void enter(const Args& a, Place place, const Loaded<K>& loaded, float* values) {
  unpack<T>(loaded.x, values);
  if constexpr (K == Kind::add) {
    UNROLL for (int i = 0; i < kVector<T>; i++) values[i] = rounded<T>(values[i] + elementOf<T>(loaded.residual, i));
    storeAt<T>(a.sum, a, place, values);
  }
  if constexpr (K == Kind::gated) {
    if (a.normBeforeGate) return;
    UNROLL for (int i = 0; i < kVector<T>; i++) values[i] = timesSilu(values[i], elementOf<T>(loaded.gate, i));
  }
}

/** The sum of squares of a vector's elements that enter the statistic: those before statSize. `element` is the first one's index. */
template <int N>
DEVICE double squaresOf(const Args& a, const float* values, std::int64_t element, double sum) {
  const int counted = access::left(element, a.statSize, N);
  UNROLL for (int i = 0; i < N; i += 4) {
    sum += double(squaresOfFour(i < counted ? values[i] : 0.0f, i + 1 < counted ? values[i + 1] : 0.0f,
                                i + 2 < counted ? values[i + 2] : 0.0f, i + 3 < counted ? values[i + 3] : 0.0f));
  }
  return sum;
}

/** The same in float64, which holds the square of every float32. */
template <int N>
DEVICE double exactSquaresOf(const Args& a, const float* values, std::int64_t element, double sum) {
  const int counted = access::left(element, a.statSize, N);
  UNROLL for (int i = 0; i < N; i++) sum += i < counted ? double(values[i]) * double(values[i]) : 0.0;
  return sum;
}

/** What one lane, of those that do a row, writes for it. */
DEVICE void storeStatistics(const Args& a, std::int64_t row, const Factor& factor, double sum) {
  if (a.rstd != nullptr) a.rstd[row] = float(factor.rstd);
  if (a.sums != nullptr) a.sums[row] = float(sum);
}

/** The index in gamma and beta of the first element of a row, or slab. */
DEVICE std::int64_t firstFeature(const Args& a, std::int64_t row) { return a.groups == 1 ? 0 : row % a.groups * a.size; }

/** weightOffset + gamma. */
DEVICE float weightOf(const Args& a, float gamma) { return (a.weightOffset + gamma) + a.weightOffsetRest; }

/** The weights of some elements, 1 without gamma; and beta. */
template <int N>
struct Weights {
  float w[N];
  float b[N];
};

template <int N>
DEVICE Weights<N> weightsOf(const Args& a, std::int64_t feature, int count) {
  Weights<N> weights;
  if (a.gamma != nullptr) {
    loadWeights<N>(a.gamma + feature, count, a.weightWidth, weights.w);
    UNROLL for (int i = 0; i < N; i++) weights.w[i] = weightOf(a, weights.w[i]);
  } else {
    UNROLL for (int i = 0; i < N; i++) weights.w[i] = 1.0f;
  }
  if (a.beta != nullptr) loadWeights<N>(a.beta + feature, count, a.weightWidth, weights.b);
  return weights;
}

/** y of one element before it is rounded to the dtype: x * r * w + b. */
template <class T>
DEVICE float normalized(const Args& a, const Factor& factor, float x, float w, float b) {
  if (factor.fits) {
    float t = x * float(factor.r);
    if (a.llama) t = rounded<T>(t);
    t = t * w;
    return a.beta != nullptr ? t + b : t;
  }
  double t = times(double(x), factor.r);
  if (a.llama) t = double(rounded<T>(float(t)));
  t *= double(w);
  return float(a.beta != nullptr ? t + double(b) : t);
}

template <class T>
DEVICE void normalize(const Args& a, const Factor& factor, const Weights<kVector<T>>& weights, float* values) {
  UNROLL for (int i = 0; i < kVector<T>; i++) values[i] = normalized<T>(a, factor, values[i], weights.w[i], weights.b[i]);
}

/** Normalizes a vector and writes y. */
template <class T, Kind K>
DEVICE void leave(const Args& a, Place place, const Factor& factor, std::int64_t feature, float* values) {
  constexpr int N = kVector<T>;
  normalize<T>(a, factor, weightsOf<N>(a, feature, place.count), values);
  if constexpr (K == Kind::gated) {
    if (a.normBeforeGate) {
      const Raw gate = loadAt<T>(a.gate, a, place);
      UNROLL for (int i = 0; i < N; i++) values[i] = timesSilu(values[i], elementOf<T>(gate, i));
    }
  }
  storeAt<T>(a.y, a, place, values);
}

}  // namespace rmsnorm
