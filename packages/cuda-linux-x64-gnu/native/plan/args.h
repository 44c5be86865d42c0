// What a kernel is told: the one parameter of every kernel. A new field changes no signature.
#pragma once

#include <cstdint>

namespace rmsnorm {

/** A sum of squares below this times size may have lost terms to underflow in float32. */
constexpr double kLeastSum = 3.155443620884047e-30;  // 2^-98

struct Args {
  // Operands, as addresses in device memory; null where there is none. Elements are of the kernel's dtype, unless said otherwise.
  const void* x;
  const void* residual;
  const void* gate;
  const void* dy;
  const void* dsum;
  const float* gamma;
  const float* beta;
  const float* rstdIn;
  const float* sumsIn;
  void* y;
  void* sum;
  void* dx;
  float* rstd;
  float* sums;
  float* dgamma;
  float* dbeta;
  std::int8_t* q;
  float* scales;
  /** Memory of the launch's own. Its layout is that of the kernels that use it. */
  double* scratch;

  // The layout [outer, groups, size, inner].
  std::int64_t outer;
  std::int64_t inner;
  std::int64_t groups;
  std::int64_t size;
  std::int64_t statSize;

  // The statistic (statistic.cuh), made by the host from eps and epsMode.
  double numerator;
  double sumFactor;
  double epsUnderRoot;
  /** numerator / the least denominator: no rstd is larger. */
  double mostRstd;
  /** The norm up to which rstd does not depend on x; -1: always depends. */
  double clampedNorm;
  /** Sums of squares below this may have lost terms to underflow. */
  double leastSum;
  double alpha;
  /** weightOffset, as the sum of two float32: what is left of gamma where it cancels the offset is still accurate. */
  float weightOffset;
  float weightOffsetRest;
  /** The one scale of a quantized result; 0: each position has its own. */
  float scale;
  /** 1: x * r is rounded to the dtype before the weight multiplies it. */
  std::int32_t llama;
  std::int32_t normBeforeGate;

  // How the work is divided (plan/geometry.h).
  /** Lanes of the team that does a row; of columns: lanes along inner. */
  std::int32_t lanes;
  /** Whether all operands, and all rows of them, begin at multiples of 16 bytes; and the weights of all groups. */
  std::int32_t aligned;
  std::int32_t weightsAligned;
  /** Elements of a row that one block of a cluster, or one part of a split row, does. */
  std::int32_t chunk;
  /** Split rows: parts of a row. sum_partials: partial sums of each feature. */
  std::int64_t parts;
  /** Backward: blocks of each group, or clusters, or sets of blocks that share a row. They stay for all of its rows. */
  std::int64_t blocks;
  /** Blocks of the grid that have work: it may have more, as its width is limited. */
  std::int64_t grid;
  /** Columns: whether shared memory holds the tile, so that it is read once. */
  std::int32_t held;
  /** Columns of backward: whether shared memory holds what features add to dgamma and dbeta. */
  std::int32_t sharesHeld;
  /** Columns: slabs [size, inner] that a block does at once. */
  std::int32_t slabs;
};

}  // namespace rmsnorm
