// Macros that make the kernels of a kind: `forward_block_float16` is Kind::forward, in a block, of float16.
#pragma once

#include "columns.cuh"
#include "rows.cuh"
#include "split.cuh"
#include "wide.cuh"

#define RMSNORM_FOR_DTYPES(MAKE, kind) \
  MAKE(kind, Float32, float32)         \
  MAKE(kind, Float16, float16)         \
  MAKE(kind, BFloat16, bfloat16)

#define RMSNORM_ROWS(kind, T, suffix)                                                                              \
  KERNEL(kind##_short_##suffix, kSmallThreads, rows<T, kShortElements, Kind::kind, SmallTeam>)                     \
  KERNEL(kind##_warp_##suffix, kSmallThreads, rows<T, kWarpElements, Kind::kind, SmallTeam>)                       \
  KERNEL(kind##_block_##suffix, kBlockThreads, rows<T, kBlockElements, Kind::kind, BlockTeam<false>>)              \
  KERNEL(kind##_wide_##suffix, kWideThreads, wideRows<T, Kind::kind>)

#define RMSNORM_SPLIT_SUMS(kind, T, suffix) KERNEL(kind##_split_sums_##suffix, kPartThreads, splitSums<T, Kind::kind>)

#define RMSNORM_SPLIT_SCALE(kind, T, suffix) KERNEL(kind##_split_scale_##suffix, kPartThreads, splitScale<T, Kind::kind>)

#define RMSNORM_COLUMNS(kind, T, suffix)                                                     \
  KERNEL(kind##_columns_##suffix, kColumnThreads, columns<T, 1, Kind::kind>)                 \
  KERNEL(kind##_vectors_##suffix, kVectorThreads, columns<T, kVector<T>, Kind::kind>)
