// A team of lanes that does a row: 8, 16 or 32 lanes of a warp; a whole block; or the blocks of a cluster, each with a part of the row.
//
// All lanes of a warp take part in every exchange, those too whose row lies beyond the last one. Every lane gets the same bits.
#pragma once

#include "../plan/geometry.h"
#include "element.cuh"

namespace rmsnorm {

/** Lanes of one warp. */
class SmallTeam {
 public:
  /** Of elements in a row. */
  using Index = int;

  DEVICE explicit SmallTeam(const Args& a) : lanes_(a.lanes), shift_(device::ones(a.lanes - 1)) {}

  /** Which of the teams of blocks this block belongs to, and which of those blocks it is. */
  DEVICE std::int64_t unit() const { return device::blockIndex(); }
  DEVICE int rank() const { return 0; }
  DEVICE int lane() const { return device::threadIndex() & (lanes_ - 1); }
  DEVICE int lanes() const { return lanes_; }
  DEVICE int index() const { return device::threadIndex() >> shift_; }
  DEVICE int count() const { return device::blockThreads() >> shift_; }

  /** Adds K values over the lanes. */
  template <int K>
  DEVICE void sum(double (&values)[K]) {
    for (int mask = lanes_ >> 1; mask > 0; mask >>= 1) {
      UNROLL for (int k = 0; k < K; k++) values[k] += device::shuffleXor(values[k], mask);
    }
  }

  DEVICE double sum(double value) {
    double values[1] = {value};
    sum(values);
    return values[0];
  }

  DEVICE std::uint32_t largest(std::uint32_t value) {
    for (int mask = lanes_ >> 1; mask > 0; mask >>= 1) {
      const std::uint32_t other = device::shuffleXor(value, mask);
      value = other > value ? other : value;
    }
    return value;
  }

  /** Whether `condition` holds in a team that exchanges together with this one. */
  DEVICE bool any(bool condition) { return device::anyInWarp(condition); }
  DEVICE void finish() {}

 private:
  const int lanes_;
  /** Lanes are 2 to this. */
  const int shift_;
};

/** All threads of a block; with CLUSTER, of all blocks of its cluster. */
template <bool CLUSTER>
class BlockTeam {
 public:
  using Index = int;

  DEVICE explicit BlockTeam(const Args&) {}

  DEVICE std::int64_t unit() const { return CLUSTER ? device::blockIndex() / device::clusterSize() : device::blockIndex(); }
  DEVICE int rank() const { return CLUSTER ? device::clusterRank() : 0; }
  DEVICE int lane() const { return device::threadIndex(); }
  DEVICE int lanes() const { return device::blockThreads(); }
  DEVICE int index() const { return 0; }
  DEVICE int count() const { return 1; }

  /** Adds K values over the lanes, 2 at most. */
  template <int K>
  DEVICE void sum(double (&values)[K]) {
    static_assert(K <= kExchanged);
    double* totals = swap();
    UNROLL for (int k = 0; k < K; k++) {
      values[k] = sumInWarp(values[k]);
      if ((lane() & 31) == 0) totals[k * 33 + (lane() >> 5)] = values[k];
    }
    device::barrier();
    UNROLL for (int k = 0; k < K; k++) values[k] = sumInWarp((lane() & 31) < lanes() >> 5 ? totals[k * 33 + (lane() & 31)] : 0.0);
    if (!CLUSTER || device::clusterSize() == 1) return;
    if (lane() == 0) {
      UNROLL for (int k = 0; k < K; k++) totals[k * 33 + 32] = values[k];
    }
    device::clusterBarrier();
    UNROLL for (int k = 0; k < K; k++) values[k] = 0;
    for (int rank = 0; rank < device::clusterSize(); rank++) {
      UNROLL for (int k = 0; k < K; k++) values[k] += *device::remoteShared(totals + k * 33 + 32, rank);
    }
  }

  DEVICE double sum(double value) {
    double values[1] = {value};
    sum(values);
    return values[0];
  }

  DEVICE std::uint32_t largest(std::uint32_t value) {
    // Exact in float64, and so is the maximum.
    value = largestInWarp(value);
    double* totals = swap();
    if ((lane() & 31) == 0) totals[lane() >> 5] = value;
    device::barrier();
    value = largestInWarp((lane() & 31) < lanes() >> 5 ? std::uint32_t(totals[lane() & 31]) : 0u);
    if (!CLUSTER || device::clusterSize() == 1) return value;
    if (lane() == 0) totals[32] = value;
    device::clusterBarrier();
    for (int rank = 0; rank < device::clusterSize(); rank++) {
      const auto other = std::uint32_t(*device::remoteShared(totals + 32, rank));
      value = other > value ? other : value;
    }
    return value;
  }

  /** All lanes have the same sums, and so the same condition. */
  DEVICE bool any(bool condition) { return condition; }

  /** To be called last: other blocks may still read this block's shared memory. */
  DEVICE void finish() {
    if (CLUSTER && device::clusterSize() > 1) device::clusterBarrier();
  }

 private:
  int turn_ = 0;

  /** Totals of an exchange are read while those of the next are written: they take turns. */
  DEVICE double* swap() {
    turn_ ^= 1;
    return reinterpret_cast<double*>(device::sharedMemory()) + turn_ * kExchanged * 33;
  }

  DEVICE static double sumInWarp(double value) {
    for (int mask = 16; mask > 0; mask >>= 1) value += device::shuffleXor(value, mask);
    return value;
  }

  DEVICE static std::uint32_t largestInWarp(std::uint32_t value) {
    for (int mask = 16; mask > 0; mask >>= 1) {
      const std::uint32_t other = device::shuffleXor(value, mask);
      value = other > value ? other : value;
    }
    return value;
  }
};

}  // namespace rmsnorm
