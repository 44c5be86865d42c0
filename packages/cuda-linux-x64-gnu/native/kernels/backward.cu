// The kernels of backward.
#include "backward_columns.cuh"
#include "backward_rows.cuh"
#include "backward_split.cuh"
#include "instances.cuh"
#include "sum_partials.cuh"

using namespace rmsnorm;

#define RMSNORM_BACKWARD(kind, T, suffix)                                                                          \
  KERNEL(backward_short_##suffix, kSmallThreads, backwardRows<T, kBackwardElements, SmallTeam>)                    \
  KERNEL(backward_block_##suffix, kBlockThreads, backwardRows<T, kBackwardElements, BlockTeam<false>>)             \
  KERNEL(backward_wide_##suffix, kBlockThreads, backwardRows<T, kBackwardElements, BlockTeam<true>>)               \
  KERNEL(backward_split_sums_##suffix, kBlockThreads, backwardSplitSums<T>)                                        \
  KERNEL(backward_split_scale_##suffix, kBlockThreads, backwardRows<T, kBackwardElements, PartTeam>)               \
  KERNEL(backward_columns_##suffix, kColumnThreads, backwardColumns<T, 1>)                                         \
  KERNEL(backward_vectors_##suffix, kVectorThreads, backwardColumns<T, kVector<T>>)

RMSNORM_FOR_DTYPES(RMSNORM_BACKWARD, backward)

KERNEL(sum_partials, kSumThreads, sumPartials)
