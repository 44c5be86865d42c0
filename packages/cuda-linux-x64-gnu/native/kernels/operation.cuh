// What an operation does with a vector of a row before it is summed (it enters) and after it was scaled (it leaves).
#pragma once

#include "../plan/kernel_names.h"
#include "silu.cuh"
#include "statistic.cuh"
#include "vector.cuh"

namespace rmsnorm {

/** Fetches V vectors of a tensor, all on their way together. Beyond the end of a row there may be anything. */
template <class T, int V, class PlaceAt>
DEVICE void fetch(const Args& a, const void* tensor, PlaceAt placeAt, Raw* raws) {
  using Bits = typename T::Bits;
  const auto* p = static_cast<const Bits*>(tensor);
  if (a.aligned) {
    UNROLL for (int v = 0; v < V; v++) {
      const Place place = placeAt(v);
      raws[v] = fetchAligned<Bits, 4>(p + place.offset, place.count);
    }
  } else {
    UNROLL for (int v = 0; v < V; v++) {
      const Place place = placeAt(v);
      raws[v] = fetchShifted<Bits, 4>(p + place.offset, place.count);
    }
  }
}

template <class T>
DEVICE void storeAt(void* tensor, const Args& a, Place place, const float* values) {
  storeWords<typename T::Bits, 4>(static_cast<typename T::Bits*>(tensor) + place.offset, pack<T>(values), place, a.aligned);
}

/** What was fetched, as float32; zeros beyond the place. */
template <class T>
DEVICE void unpackAt(Place place, const Raw& raw, float* values) {
  unpack<T>(masked<typename T::Bits>(raw, place.count), values);
}

/** What is read of V vectors, before anything is computed: x, and addForward's residual or the gate. */
template <int V>
struct Loaded {
  Raw x[V];
  Raw second[V];
};

template <class T, Kind K, int V, class PlaceAt>
DEVICE void load(const Args& a, PlaceAt placeAt, Loaded<V>& loaded) {
  fetch<T, V>(a, a.x, placeAt, loaded.x);
  if constexpr (K == Kind::add) fetch<T, V>(a, a.residual, placeAt, loaded.second);
  if constexpr (K == Kind::gated) fetch<T, V>(a, a.gate, placeAt, loaded.second);
}

/**
 * The values of a vector that are summed and scaled; addForward writes them. Gates multiply them here, nearly exactly, as an error enters
 * the statistic; or `gates` gets silu of them, which multiplies y where it leaves.
 */
template <class T, Kind K>
DEVICE void enter(const Args& a, Place place, const Raw& x, const Raw& second, float* values, float* gates) {
  unpackAt<T>(place, x, values);
  if constexpr (K == Kind::add) {
    float residual[kVector<T>];
    unpackAt<T>(place, second, residual);
    UNROLL for (int i = 0; i < kVector<T>; i++) values[i] = rounded<T>(values[i] + residual[i]);
    storeAt<T>(a.sum, a, place, values);
  }
  if constexpr (K == Kind::gated) {
    unpackAt<T>(place, second, gates);
    UNROLL for (int i = 0; i < kVector<T>; i++) {
      const Silu silu = siluOf(gates[i]);
      gates[i] = silu.rounded();
      values[i] = a.normBeforeGate ? values[i] : silu.times(values[i]);
    }
  }
}

/** The sum of squares of a vector's elements that enter the statistic: those before statSize. `element` is the first one's index. */
template <int N, class Int>
DEVICE double squaresOf(const Args& a, const float* values, Int element, double sum) {
  const int counted = access::left<Int>(element, Int(a.statSize), N);
  UNROLL for (int i = 0; i < N; i += 4) {
    sum += double(squaresOfFour(i < counted ? values[i] : 0.0f, i + 1 < counted ? values[i + 1] : 0.0f,
                                i + 2 < counted ? values[i + 2] : 0.0f, i + 3 < counted ? values[i + 3] : 0.0f));
  }
  return sum;
}

/** The same in float64, which holds the square of every float32. */
template <int N, class Int>
DEVICE double exactSquaresOf(const Args& a, const float* values, Int element, double sum) {
  const int counted = access::left<Int>(element, Int(a.statSize), N);
  UNROLL for (int i = 0; i < N; i++) sum += i < counted ? double(values[i]) * double(values[i]) : 0.0;
  return sum;
}

/** Where the sum of squares of a row is, if it is an operand (scaleBy). */
template <Kind K>
DEVICE const float* givenSum(const Args& a, std::int64_t row) {
  return K == Kind::forward && a.sumsIn != nullptr ? a.sumsIn + row : nullptr;
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

/**
 * The weights of some elements, 1 without gamma; and beta, -0 without it, which changes no sum, not even that of zeros. So it needs no
 * branch, of which a compiler would make two kernels in one.
 */
template <int N>
struct Weights {
  float w[N];
  float b[N];
};

template <int N>
DEVICE Weights<N> weightsOf(const Args& a, std::int64_t feature, int count) {
  const bool hasGamma = a.gamma != nullptr;
  const bool hasBeta = a.beta != nullptr;
  Weights<N> weights;
  loadWeights<N>(a.gamma + feature, hasGamma ? count : 0, a.weightsAligned, weights.w);
  loadWeights<N>(a.beta + feature, hasBeta ? count : 0, a.weightsAligned, weights.b);
  UNROLL for (int i = 0; i < N; i++) {
    weights.w[i] = hasGamma ? weightOf(a, weights.w[i]) : 1.0f;
    weights.b[i] = hasBeta ? weights.b[i] : -0.0f;
  }
  return weights;
}

/** y of one element before it is rounded to the dtype, x * r * w + b, where float32 is enough. */
template <class T>
DEVICE float normalized(const Args& a, float r, float x, float w, float b) {
  const float t = x * r;
  return (a.llama ? rounded<T>(t) : t) * w + b;
}

/** The same in float64. */
template <class T>
DEVICE float exactlyNormalized(const Args& a, double r, float x, float w, float b) {
  const double t = times(double(x), r);
  return float((a.llama ? double(rounded<T>(float(t))) : t) * double(w) + double(b));
}

template <class T>
DEVICE void normalize(const Args& a, const Factor& factor, Weights<kVector<T>> weights, float* values) {
  constexpr int N = kVector<T>;
  if (factor.fits) {
    const float r = float(factor.r);
    UNROLL for (int i = 0; i < N; i++) values[i] = normalized<T>(a, r, values[i], weights.w[i], weights.b[i]);
    return;
  }
  ROLLED for (int i = 0; i < N; i++) {
    values[0] = exactlyNormalized<T>(a, factor.r, values[0], weights.w[0], weights.b[0]);
    rotate<N>(values);
    rotate<N>(weights.w);
    rotate<N>(weights.b);
  }
}

/** Normalizes a vector and writes y. */
template <class T, Kind K>
DEVICE void leave(const Args& a, Place place, const Factor& factor, std::int64_t feature, float* values, const float* gates) {
  normalize<T>(a, factor, weightsOf<kVector<T>>(a, feature, place.count), values);
  if constexpr (K == Kind::gated) {
    UNROLL for (int i = 0; i < kVector<T>; i++) values[i] = a.normBeforeGate ? values[i] * gates[i] : values[i];
  }
  storeAt<T>(a.y, a, place, values);
}

}  // namespace rmsnorm
