// Contiguous rows that no cluster holds, in parts of a.chunk elements, a block each: one launch takes the sums of the parts, the next adds
// them and scales. x is read twice. Quantizing takes a launch between for the largest magnitudes.
//
// The launch's memory: a.parts float64 sums for each row, then as many largest magnitudes.
#pragma once

#include "rows.cuh"

namespace rmsnorm {

/** The part of a row that a block does. */
template <class T>
struct Part {
  static constexpr int N = kVector<T>;
  static constexpr int V = kPartElements / N;

  const Args& a;
  const std::int64_t row;
  const std::int64_t index;

  DEVICE explicit Part(const Args& args)
      : a(args), row(device::blockIndex() / args.parts), index(device::blockIndex() % args.parts) {}

  /** The element of the row with which vector v of this lane begins. */
  DEVICE std::int64_t elementOf(int v) const {
    return index * a.chunk + (v * device::blockThreads() + device::threadIndex()) * N;
  }

  DEVICE Place placeOf(int v) const {
    return rmsnorm::placeOf<N>(rowOffset(a, row), elementOf(v), a.size, device::threadIndex(), device::blockThreads());
  }

  template <Kind K>
  DEVICE void enter(float* values, float* gates) const {
    Loaded<V> loaded;
    load<T, K, V>(a, [&](int v) { return placeOf(v); }, loaded);
    UNROLL for (int v = 0; v < V; v++) rmsnorm::enter<T, K>(a, placeOf(v), loaded.x[v], loaded.second[v], values + v * N, gates + v * N);
  }

  DEVICE double* partSum() const { return a.scratch + row * a.parts + index; }
  DEVICE double* largest() const { return a.scratch + a.outer * a.groups * a.parts + row * a.parts + index; }
};

/** The sum of squares of each part. A sum that does not fit float32 is taken in float64, so that the sum of all is right. */
template <class T, Kind K>
DEVICE void splitSums(const Args& a) {
  constexpr int N = kVector<T>;
  BlockTeam<false> team(a);
  const Part<T> part(a);
  float values[kPartElements];
  float gates[kPartElements];
  part.template enter<K>(values, gates);
  double sum = 0;
  UNROLL for (int v = 0; v < Part<T>::V; v++) sum = squaresOf<N>(a, values + v * N, part.elementOf(v), sum);
  sum = team.sum(sum);
  if (!isInRange(sum, a.chunk)) {
    sum = 0;
    UNROLL for (int v = 0; v < Part<T>::V; v++) sum = exactSquaresOf<N>(a, values + v * N, part.elementOf(v), sum);
    sum = team.sum(sum);
  }
  if (team.lane() == 0) *part.partSum() = sum;
}

/** The factor of a row, from the sums of its parts, or given. */
template <class Team>
DEVICE Factor splitFactor(const Args& a, Team& team, std::int64_t row, double& sum) {
  if (a.sumsIn != nullptr) {
    sum = a.sumsIn[row];
  } else {
    sum = 0;
    for (std::int64_t i = team.lane(); i < a.parts; i += team.lanes()) sum += a.scratch[row * a.parts + i];
    sum = team.sum(sum);
  }
  const Factor factor = factorOf(a, sum);
  return factor.fits ? factor : exactFactor(a, sum);
}

template <class T, Kind K>
DEVICE void splitScale(const Args& a) {
  constexpr int N = kVector<T>;
  BlockTeam<false> team(a);
  const Part<T> part(a);
  double sum = 0;
  const Factor factor = splitFactor(a, team, part.row, sum);
  if (a.y != nullptr) {
    const std::int64_t feature = firstFeature(a, part.row);
    float values[kPartElements];
    float gates[kPartElements];
    part.template enter<K>(values, gates);
    UNROLL for (int v = 0; v < Part<T>::V; v++) {
      leave<T, K>(a, part.placeOf(v), factor, feature + part.elementOf(v), values + v * N, gates + v * N);
    }
  }
  if (team.lane() == 0 && part.index == 0) storeStatistics(a, part.row, factor, sum);
}

/** The normalized values of a part, in float32. */
template <class T>
DEVICE void splitNormalized(const Args& a, const Part<T>& part, const Factor& factor, float* values) {
  constexpr int N = kVector<T>;
  float gates[kPartElements];
  part.template enter<Kind::quantized>(values, gates);
  UNROLL for (int v = 0; v < Part<T>::V; v++) {
    const Place place = part.placeOf(v);
    const std::int64_t feature = firstFeature(a, part.row) + part.elementOf(v);
    normalize<T>(a, factor, weightsOf<N>(a, feature, place.count), values + v * N);
  }
}

template <class T>
DEVICE void splitLargest(const Args& a) {
  constexpr int N = kVector<T>;
  BlockTeam<false> team(a);
  const Part<T> part(a);
  double sum;
  const Factor factor = splitFactor(a, team, part.row, sum);
  float values[kPartElements];
  splitNormalized(a, part, factor, values);
  std::uint32_t largest = 0;
  UNROLL for (int v = 0; v < Part<T>::V; v++) largest = largestOf<N>(values + v * N, part.placeOf(v).count, largest);
  largest = team.largest(largest);
  if (team.lane() == 0) *part.largest() = largest;
}

template <class T>
DEVICE void splitQuantize(const Args& a) {
  constexpr int N = kVector<T>;
  BlockTeam<false> team(a);
  const Part<T> part(a);
  double sum;
  const Factor factor = splitFactor(a, team, part.row, sum);
  const std::int64_t position = part.row / a.groups;
  const std::int64_t magnitudes = a.groups * a.parts;
  const double* first = a.scratch + a.outer * magnitudes + position * magnitudes;
  std::uint32_t largest = 0;
  for (std::int64_t i = team.lane(); i < magnitudes; i += team.lanes()) {
    const auto magnitude = std::uint32_t(first[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  const float scale = scaleOf(a, team.largest(largest));
  float values[kPartElements];
  splitNormalized(a, part, factor, values);
  UNROLL for (int v = 0; v < Part<T>::V; v++) {
    const Place place = part.placeOf(v);
    storeQuantized<T>(a, place, values + v * N, scale);
  }
  if (team.lane() == 0 && part.index == 0 && part.row % a.groups == 0) a.scales[position] = scale;
}

}  // namespace rmsnorm
