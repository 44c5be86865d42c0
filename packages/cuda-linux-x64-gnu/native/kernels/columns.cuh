// Rows that are columns (inner > 1): slabs [size, inner] in tiles of neighbouring columns, so that accesses run along inner.
//
// A thread has VW neighbouring columns (a vector of 16 bytes, or one) and the features t, t + kDepth, t + 2 kDepth ... of its tile, where
// t is its depth. So which features enter which partial sum depends on size alone. A block does a.slabs slabs at once, a.lanes threads
// wide. Where shared memory holds the tile (a.held), it is read once.
//
// Shared memory: kDepth float64 sums for each column of the block, then the tile.
#pragma once

#include "../plan/geometry.h"
#include "operation.cuh"
#include "quantize.cuh"

namespace rmsnorm {

/** Whether float32 is enough for all columns of a thread. */
template <int VW, class F>
DEVICE bool allFit(const F* factors, int columns) {
  bool fit = true;
  UNROLL for (int i = 0; i < VW; i++) fit = fit && (i >= columns || factors[i].fits);
  return fit;
}

template <class T, int VW, Kind K>
class Tile {
 public:
  static constexpr int N = VW;
  /** x * silu(gate) are float32 numbers; all else is of the dtype. */
  static constexpr bool kFloats = K == Kind::gated;

  DEVICE explicit Tile(const Args& a) : a_(a) {
    const int width = a.lanes;
    lane_ = device::threadIndex() % width;
    depth_ = device::threadIndex() / width % kDepth;
    slab_ = device::threadIndex() / (width * kDepth);
    tiles_ = (a.inner + std::int64_t(width) * VW - 1) / (std::int64_t(width) * VW);
  }

  /** Goes to the tiles of this index: those of a slab are neighbours. There are `positions` slabs, or positions, in all. */
  DEVICE void moveTo(std::int64_t index, std::int64_t positions) {
    column_ = (index % tiles_ * a_.lanes + lane_) * VW;
    position_ = index / tiles_ * a_.slabs + slab_;
    columns_ = position_ < positions ? access::left(column_, a_.inner, VW) : 0;
  }

  DEVICE std::int64_t tiles() const { return tiles_; }
  DEVICE std::int64_t position() const { return position_; }
  DEVICE std::int64_t column() const { return column_; }
  /** How many columns this thread has; 0 beyond the last one. */
  DEVICE int columns() const { return columns_; }
  DEVICE int lane() const { return lane_; }
  DEVICE int depth() const { return depth_; }
  DEVICE int slab() const { return slab_; }

  /** The slab that is worked on from here on. */
  DEVICE void select(std::int64_t slab) { offset_ = slab * a_.size * a_.inner + column_; }

  DEVICE Place placeOf(std::int64_t feature) const { return {offset_ + feature * a_.inner, columns_}; }

  /** Loads what one feature is made of: x, and the residual or the gate. */
  DEVICE void load(std::int64_t feature, float* x, float* second) const {
    const Place place = placeOf(feature);
    loadColumns(a_.x, place, x);
    if constexpr (K == Kind::add) loadColumns(a_.residual, place, second);
    if constexpr (K == Kind::gated) {
      if (!a_.normBeforeGate) loadColumns(a_.gate, place, second);
    }
  }

  /** Makes of it the values that are summed; addForward writes them. */
  DEVICE void enter(std::int64_t feature, float* values, const float* second) const {
    if constexpr (K == Kind::add) {
      UNROLL for (int i = 0; i < N; i++) values[i] = rounded<T>(values[i] + second[i]);
      storeColumns(a_.sum, placeOf(feature), values);
    }
    if constexpr (K == Kind::gated) {
      if (a_.normBeforeGate) return;
      UNROLL for (int i = 0; i < N; i++) values[i] = siluOf(second[i]).times(values[i]);
    }
  }

  DEVICE void enter(std::int64_t feature, float* values) const {
    float second[N] = {};
    load(feature, values, second);
    enter(feature, values, second);
  }

  /** The values of a feature again: from shared memory, or from where they came. */
  DEVICE void again(std::int64_t feature, float* values) const {
    if (a_.held) {
      take(feature, values);
    } else if constexpr (K == Kind::add) {
      loadColumns(a_.sum, placeOf(feature), values);
    } else {
      enter(feature, values);
    }
  }

  /** Into shared memory, and back. */
  DEVICE void hold(std::int64_t feature, const float* values) {
    if constexpr (kFloats) {
      UNROLL for (int i = 0; i < N; i++) at<float>(feature)[i] = values[i];
    } else if constexpr (VW == 1) {
      *at<typename T::Bits>(feature) = T::fromFloat(values[0]);
    } else {
      *reinterpret_cast<Raw*>(at<typename T::Bits>(feature)) = pack<T>(values);
    }
  }

  DEVICE void take(std::int64_t feature, float* values) const {
    if constexpr (kFloats) {
      UNROLL for (int i = 0; i < N; i++) values[i] = at<float>(feature)[i];
    } else if constexpr (VW == 1) {
      values[0] = T::toFloat(*at<typename T::Bits>(feature));
    } else {
      unpack<T>(*reinterpret_cast<const Raw*>(at<typename T::Bits>(feature)), values);
    }
  }

  DEVICE void loadColumns(const void* tensor, Place place, float* values) const {
    const auto* p = static_cast<const typename T::Bits*>(tensor) + place.offset;
    if constexpr (VW == 1) values[0] = place.count > 0 ? T::toFloat(*p) : 0.0f;
    // A whole vector, or none: vectors are chosen where inner has no others.
    else unpack<T>(fetchAligned<typename T::Bits, 4>(p, place.count), values);
  }

  DEVICE void storeColumns(void* tensor, Place place, const float* values) const {
    auto* p = static_cast<typename T::Bits*>(tensor) + place.offset;
    if constexpr (VW == 1) {
      if (place.count > 0) *p = T::fromFloat(values[0]);
    } else {
      if (place.count > 0) access::put(p, 0, pack<T>(values));
    }
  }

  /** Calls `visit(feature)` for the features of this thread. */
  template <class Visit>
  DEVICE void each(Visit visit) const {
    for (std::int64_t feature = depth_; feature < a_.size; feature += kDepth) visit(feature);
  }

  /** Sums of squares of this thread's features, four of them in float32, then in float64; the tile is held. */
  DEVICE void sumSquares(double* sums) {
    UNROLL for (int i = 0; i < N; i++) sums[i] = 0;
    for (std::int64_t first = depth_; first < a_.size; first += 4 * kDepth) {
      float four[4][N];
      float seconds[4][N];
      UNROLL for (int j = 0; j < 4; j++) {
        const std::int64_t feature = first + j * kDepth;
        if (feature < a_.size) load(feature, four[j], seconds[j]);
      }
      UNROLL for (int j = 0; j < 4; j++) {
        const std::int64_t feature = first + j * kDepth;
        if (feature < a_.size) {
          enter(feature, four[j], seconds[j]);
          if (a_.held) hold(feature, four[j]);
        }
        UNROLL for (int i = 0; i < N; i++) four[j][i] = feature < a_.statSize ? four[j][i] : 0.0f;
      }
      UNROLL for (int i = 0; i < N; i++) sums[i] += double(squaresOfFour(four[0][i], four[1][i], four[2][i], four[3][i]));
    }
  }

  DEVICE void exactSquares(double* sums) const {
    UNROLL for (int i = 0; i < N; i++) sums[i] = 0;
    for (std::int64_t feature = depth_; feature < a_.statSize; feature += kDepth) {
      float values[N];
      again(feature, values);
      UNROLL for (int i = 0; i < N; i++) sums[i] += double(values[i]) * double(values[i]);
    }
  }

  /** Adds what the threads of each column have: neighbours first, so that the order is that of a tree. All of them get the sum. */
  DEVICE void addDepths(double* values) const {
    overDepths(values, [](double a, double b) { return a + b; });
  }

  /** The largest of what the threads of each column have. */
  DEVICE void largestOfDepths(std::uint32_t* values) const {
    overDepths(values, [](std::uint32_t a, std::uint32_t b) { return a > b ? a : b; });
  }

  /** The shared memory after the sums. */
  DEVICE void* beyondSums() const { return device::sharedMemory() + width() * kDepth * 8; }

  /** Adds over the threads of a depth that are neighbours along inner. */
  DEVICE double addLanes(double value) const {
    for (int mask = a_.lanes >> 1; mask > 0; mask >>= 1) value += device::shuffleXor(value, mask);
    return value;
  }

  /** The factors of the thread's columns in the selected slab, whose index is `slab`. Reads the slab. */
  DEVICE void factors(std::int64_t slab, Factor* factors, double* sums) {
    const float* given = givenSum<K>(a_, slab * a_.inner + column_);
    if (given != nullptr) {
      UNROLL for (int i = 0; i < N; i++) sums[i] = i < columns_ ? double(given[i]) : 0.0;
      if (a_.held) each([&](std::int64_t feature) { float values[N]; enter(feature, values); hold(feature, values); });
    } else {
      sumSquares(sums);
      addDepths(sums);
    }
    UNROLL for (int i = 0; i < N; i++) factors[i] = factorOf(a_, sums[i]);
    if (!device::anyInBlock(!allFit<N>(factors, columns_))) return;
    double exact[N];
    if (given != nullptr) {
      UNROLL for (int i = 0; i < N; i++) exact[i] = sums[i];
    } else {
      exactSquares(exact);
      addDepths(exact);
    }
    UNROLL for (int i = 0; i < N; i++) {
      if (factors[i].fits) continue;
      sums[i] = exact[i];
      factors[i] = exactFactor(a_, exact[i]);
    }
  }

 private:
  const Args& a_;
  int lane_;
  int depth_;
  int slab_;
  std::int64_t tiles_;
  std::int64_t column_ = 0;
  std::int64_t position_ = 0;
  std::int64_t offset_ = 0;
  int columns_ = 0;

  /** Columns of a block. */
  DEVICE int width() const { return a_.slabs * a_.lanes * VW; }

  /** Combines depths that differ in one bit, bit by bit: within a warp by shuffles, then through shared memory. */
  template <class V, class Combine>
  DEVICE void overDepths(V* values, Combine combine) const {
    int bit = 1;
    ROLLED for (; bit < kDepth && bit * a_.lanes < 32; bit <<= 1) {
      UNROLL for (int i = 0; i < N; i++) values[i] = combine(values[i], device::shuffleXor(values[i], bit * a_.lanes));
    }
    ROLLED for (; bit < kDepth; bit <<= 1) {
      device::barrier();
      UNROLL for (int i = 0; i < N; i++) shared<V>(depth_, i) = values[i];
      device::barrier();
      UNROLL for (int i = 0; i < N; i++) values[i] = combine(values[i], shared<V>(depth_ ^ bit, i));
    }
  }

  template <class V>
  DEVICE V& shared(int depth, int i) const {
    return reinterpret_cast<V*>(device::sharedMemory())[depth * width() + (slab_ * a_.lanes + lane_) * VW + i];
  }

  /** Where the tile's values of a feature are. */
  template <class V>
  DEVICE V* at(std::int64_t feature) const {
    return static_cast<V*>(beyondSums()) + (feature * a_.slabs + slab_) * a_.lanes * VW + lane_ * VW;
  }
};

/** Weights of one feature. */
struct FeatureWeights {
  float w;
  float b;

  DEVICE FeatureWeights(const Args& a, std::int64_t feature)
      : w(a.gamma != nullptr ? weightOf(a, a.gamma[feature]) : 1.0f), b(a.beta != nullptr ? a.beta[feature] : -0.0f) {}
};

/** Normalizes one feature of a thread's columns. `fit`: all factors fit. */
template <class T, int VW>
DEVICE void normalizeColumns(const Args& a, Factor* factors, bool fit, const FeatureWeights& weights, float* values) {
  if (fit) {
    UNROLL for (int i = 0; i < VW; i++) values[i] = normalized<T>(a, float(factors[i].r), values[i], weights.w, weights.b);
    return;
  }
  ROLLED for (int i = 0; i < VW; i++) {
    values[0] = factors[0].fits ? normalized<T>(a, float(factors[0].r), values[0], weights.w, weights.b)
                                : exactlyNormalized<T>(a, factors[0].r, values[0], weights.w, weights.b);
    rotate<VW>(values);
    rotate<VW>(factors);
  }
}

/** Each block does a.slabs tiles. */
template <class T, int VW, Kind K>
DEVICE void columns(const Args& a) {
  Tile<T, VW, K> tile(a);
  tile.moveTo(device::blockIndex(), a.outer * a.groups);
  const bool active = tile.columns() > 0;
  const std::int64_t slab = active ? tile.position() : 0;
  tile.select(slab);
  Factor factors[VW];
  double sums[VW] = {};
  tile.factors(slab, factors, sums);
  const bool fit = allFit<VW>(factors, tile.columns());
  const std::int64_t feature0 = firstFeature(a, slab);
  if (a.y != nullptr) {
    tile.each([&](std::int64_t feature) {
      float values[VW];
      tile.again(feature, values);
      const FeatureWeights weights(a, feature0 + feature);
      normalizeColumns<T, VW>(a, factors, fit, weights, values);
      const Place place = tile.placeOf(feature);
      if constexpr (K == Kind::gated) {
        if (a.normBeforeGate) {
          float gate[VW];
          tile.loadColumns(a.gate, place, gate);
          UNROLL for (int i = 0; i < VW; i++) values[i] *= siluOf(gate[i]).rounded();
        }
      }
      tile.storeColumns(a.y, place, values);
    });
  }
  if (!active || tile.depth() != 0) return;
  UNROLL for (int i = 0; i < VW; i++) {
    if (i < tile.columns()) storeStatistics(a, slab * a.inner + tile.column() + i, factors[i], sums[i]);
  }
}

/** Each block does a.slabs tiles of positions: all groups of them share a scale, so that they are walked twice. */
template <class T, int VW>
DEVICE void quantizedColumns(const Args& a) {
  Tile<T, VW, Kind::quantized> tile(a);
  tile.moveTo(device::blockIndex(), a.outer);
  const bool active = tile.columns() > 0;
  const std::int64_t position = active ? tile.position() : 0;
  std::uint32_t largest[VW] = {};
  float scales[VW];
  Factor factors[VW];
  for (int walk = 0; walk < 2; walk++) {
    for (std::int64_t group = 0; group < a.groups; group++) {
      const std::int64_t slab = position * a.groups + group;
      tile.select(slab);
      double sums[VW];
      if (walk == 0 || a.groups > 1) tile.factors(slab, factors, sums);
      const bool fit = allFit<VW>(factors, tile.columns());
      tile.each([&](std::int64_t feature) {
        float values[VW];
        tile.again(feature, values);
        const FeatureWeights weights(a, group * a.size + feature);
        normalizeColumns<T, VW>(a, factors, fit, weights, values);
        const Place place = tile.placeOf(feature);
        UNROLL for (int i = 0; i < VW; i++) {
          if (i >= tile.columns()) continue;
          const std::uint32_t magnitude = magnitudeOf(values[i]);
          if (walk == 0) largest[i] = magnitude > largest[i] ? magnitude : largest[i];
          else a.q[place.offset + i] = quantized(values[i], scales[i]);
        }
      });
    }
    if (walk == 1) continue;
    tile.largestOfDepths(largest);
    UNROLL for (int i = 0; i < VW; i++) scales[i] = scaleOf(a, largest[i]);
  }
  if (!active || tile.depth() != 0) return;
  UNROLL for (int i = 0; i < VW; i++) {
    if (i < tile.columns()) a.scales[position * a.inner + tile.column() + i] = scales[i];
  }
}

}  // namespace rmsnorm
