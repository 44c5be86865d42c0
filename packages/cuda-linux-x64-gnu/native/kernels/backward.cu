// The kernels of backward.
#include "backward_columns.cuh"
#include "backward_rows.cuh"
#include "backward_wide.cuh"
#include "instances.cuh"
#include "sum_partials.cuh"

using namespace rmsnorm;

#define RMSNORM_BACKWARD(kind, T, suffix)                                                                          \
  KERNEL(backward_short_##suffix, kSmallThreads, backwardRows<T, kBackwardElements, SmallTeam>)                    \
  KERNEL(backward_block_##suffix, kBlockThreads, backwardRows<T, kBackwardElements, BlockTeam<false>>)             \
  KERNEL(backward_wide_##suffix, kWideThreads, backwardWide<T>)                                                    \
  KERNEL(backward_columns_##suffix, kColumnThreads, backwardColumns<T, 1>)                                         \
  KERNEL(backward_vectors_##suffix, kVectorThreads, backwardColumns<T, kVector<T>>)

RMSNORM_FOR_DTYPES(RMSNORM_BACKWARD, backward)

KERNEL(sum_partials, kSumThreads, sumPartials)
