// The kernels of forwardQuantized. The sums of split rows are those of forward.
#include "instances.cuh"

using namespace rmsnorm;

#define RMSNORM_QUANTIZED(kind, T, suffix)                                                                         \
  KERNEL(quantized_short_##suffix, kSmallThreads, quantizedRows<T, kShortElements, SmallTeam>)                     \
  KERNEL(quantized_warp_##suffix, kSmallThreads, quantizedRows<T, kWarpElements, SmallTeam>)                       \
  KERNEL(quantized_block_##suffix, kBlockThreads, quantizedRows<T, kBlockElements, BlockTeam<false>>)              \
  KERNEL(quantized_wide_##suffix, kWideThreads, wideQuantized<T>)                                                  \
  KERNEL(quantized_split_largest_##suffix, kPartThreads, splitLargest<T>)                                          \
  KERNEL(quantized_split_scale_##suffix, kPartThreads, splitQuantize<T>)                                           \
  KERNEL(quantized_columns_##suffix, kColumnThreads, quantizedColumns<T, 1>)                                       \
  KERNEL(quantized_vectors_##suffix, kVectorThreads, quantizedColumns<T, kVector<T>>)

RMSNORM_FOR_DTYPES(RMSNORM_QUANTIZED, quantized)
