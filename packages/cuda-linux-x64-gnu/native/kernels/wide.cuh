// Contiguous rows too long for registers: the blocks of a cluster (or one block) each hold a chunk of the row in shared memory, and add
// their sums through distributed shared memory. x is read once, y written once.
#pragma once

#include "rows.cuh"

namespace rmsnorm {

/** The part of a row that a block does, a.chunk elements at most, in shared memory as float32 or as the dtype's bits. */
template <class T, Kind K>
class Chunk {
 public:
  static constexpr int N = kVector<T>;
  /** x * silu(gate) are float32 numbers; all else is of the dtype. */
  static constexpr bool kFloats = K == Kind::gated;
  /** Vectors whose loads are on their way together. Gates take much code. */
  static constexpr int kAhead = K == Kind::gated ? 1 : 2;

  DEVICE Chunk(const Args& a, std::int64_t row)
      : a_(a), row_(row), first_(std::int64_t(device::clusterRank()) * a.chunk) {
    const std::int64_t rest = a.size - first_;
    count_ = rest <= 0 ? 0 : rest < a.chunk ? int(rest) : a.chunk;
  }

  /**
   * Calls `visit(index of the vector, its element in the row, its place)` for the vectors of this lane. All lanes of a warp come equally
   * often, as they exchange together: those beyond the end with an empty place.
   */
  template <class Visit>
  DEVICE void each(Visit visit) const {
    const int lane = device::threadIndex();
    for (int vector = lane; (vector - (lane & 31)) * N < count_; vector += device::blockThreads()) {
      visit(vector, first_ + vector * N, placeOf(vector));
    }
  }

  /** The same for kAhead vectors at a time, whose loads are then on their way together: `visit(index of the first)`. */
  template <class Visit>
  DEVICE void eachAhead(Visit visit) const {
    const int lane = device::threadIndex();
    for (int vector = lane; (vector - (lane & 31)) * N < count_; vector += kAhead * device::blockThreads()) visit(vector);
  }

  /** The v-th vector after one, of this lane. */
  DEVICE int after(int vector, int v) const { return vector + v * device::blockThreads(); }

  DEVICE Place placeOf(int vector) const {
    return rmsnorm::placeOf<N>(rowOffset(a_, row_) + first_, vector * N, count_, int(device::threadIndex()), int(device::blockThreads()));
  }

  DEVICE void hold(int vector, Place place, const float* values) {
    if (place.count == 0) return;
    if constexpr (kFloats) {
      for (int i = 0; i < N; i++) memory<float>()[vector * N + i] = values[i];
    } else {
      memory<Raw>()[vector] = pack<T>(values);
    }
  }

  DEVICE void take(int vector, Place place, float* values) const {
    if (place.count == 0) {
      for (int i = 0; i < N; i++) values[i] = 0;
    } else if constexpr (kFloats) {
      for (int i = 0; i < N; i++) values[i] = memory<float>()[vector * N + i];
    } else {
      unpack<T>(memory<Raw>()[vector], values);
    }
  }

  /** Loads the chunk into shared memory. Returns this lane's sum of squares. */
  DEVICE double enter() {
    double sum = 0;
    eachAhead([&](int first) {
      Loaded<kAhead> loaded;
      // Gates of what is normalized first are read when it leaves.
      const bool gateFirst = K == Kind::gated && !a_.normBeforeGate;
      const auto placeAt = [&](int v) { return placeOf(after(first, v)); };
      if (K == Kind::gated && !gateFirst) load<T, Kind::forward, kAhead>(a_, placeAt, loaded);
      else load<T, K, kAhead>(a_, placeAt, loaded);
      UNROLL for (int v = 0; v < kAhead; v++) {
        float values[N];
        float gates[N];
        const int vector = after(first, v);
        if (K == Kind::gated && !gateFirst) unpackAt<T>(placeOf(vector), loaded.x[v], values);
        else rmsnorm::enter<T, K>(a_, placeOf(vector), loaded.x[v], loaded.second[v], values, gates);
        hold(vector, placeOf(vector), values);
        sum = squaresOf<N>(a_, values, first_ + std::int64_t(vector) * N, sum);
      }
    });
    return sum;
  }

  DEVICE double exactSquares() const {
    double sum = 0;
    each([&](int vector, std::int64_t element, Place place) {
      float values[N];
      take(vector, place, values);
      sum = exactSquaresOf<N>(a_, values, element, sum);
    });
    return sum;
  }

  /** Normalizes the chunk, which begins at this feature, and writes y. */
  DEVICE void leave(const Factor& factor, std::int64_t feature) const {
    eachAhead([&](int first) {
      Raw gates[kAhead] = {};
      if (K == Kind::gated && a_.normBeforeGate) fetch<T, kAhead>(a_, a_.gate, [&](int v) { return placeOf(after(first, v)); }, gates);
      UNROLL for (int v = 0; v < kAhead; v++) {
        float values[N];
        const int vector = after(first, v);
        take(vector, placeOf(vector), values);
        float factors[N];
        if (K == Kind::gated && a_.normBeforeGate) {
          unpackAt<T>(placeOf(vector), gates[v], factors);
          UNROLL for (int i = 0; i < N; i++) factors[i] = siluOf(factors[i]).rounded();
        }
        rmsnorm::leave<T, K>(a_, placeOf(vector), factor, feature + first_ + vector * N, values, factors);
      }
    });
  }

  /** Loads the chunk, and gives the factor of the row, from its own sum of squares or the one that `given` points to. */
  template <class Team>
  DEVICE Factor factor(Team& team, const float* given, double& sum) {
    const double own = enter();
    sum = given != nullptr ? double(*given) : team.sum(own);
    const Factor factor = factorOf(a_, sum);
    if (factor.fits) return factor;
    if (given == nullptr) sum = team.sum(exactSquares());
    return exactFactor(a_, sum);
  }

 private:
  const Args& a_;
  const std::int64_t row_;
  const std::int64_t first_;
  int count_;

  template <class V>
  static DEVICE V* memory() {
    return reinterpret_cast<V*>(device::sharedMemory() + kExchangeBytes);
  }
};

/** Each cluster does one row. */
template <class T, Kind K>
DEVICE void wideRows(const Args& a) {
  BlockTeam<true> team(a);
  const std::int64_t row = device::blockIndex() / device::clusterSize();
  Chunk<T, K> chunk(a, row);
  double sum;
  const Factor factor = chunk.factor(team, givenSum<K>(a, row), sum);
  const std::int64_t feature = firstFeature(a, row);
  if (a.y != nullptr) chunk.leave(factor, feature);
  if (team.lane() == 0 && device::clusterRank() == 0) storeStatistics(a, row, factor, sum);
  team.finish();
}

/** Each cluster does one position: a row of each group, walked twice, as in quantizedRows. */
template <class T>
DEVICE void wideQuantized(const Args& a) {
  constexpr int N = kVector<T>;
  BlockTeam<true> team(a);
  const std::int64_t position = device::blockIndex() / device::clusterSize();
  std::uint32_t largest = 0;
  float scale = a.scale;
  Factor factor;
  for (int walk = 0; walk < 2; walk++) {
    for (std::int64_t group = 0; group < a.groups; group++) {
      Chunk<T, Kind::quantized> chunk(a, position * a.groups + group);
      double sum;
      if (walk == 0 || a.groups > 1) factor = chunk.factor(team, nullptr, sum);
      chunk.each([&](int vector, std::int64_t element, Place place) {
        float values[N];
        chunk.take(vector, place, values);
        normalize<T>(a, factor, weightsOf<N>(a, group * a.size + element, place.count), values);
        if (walk == 0) largest = largestOf<N>(values, place.count, largest);
        else storeQuantized<T>(a, place, values, scale);
      });
    }
    if (walk == 0) scale = scaleOf(a, team.largest(largest));
  }
  if (team.lane() == 0 && device::clusterRank() == 0) a.scales[position] = scale;
  team.finish();
}

}  // namespace rmsnorm
