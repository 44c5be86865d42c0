#include "geometry.h"

#include <algorithm>

namespace rmsnorm {

namespace {

/** A chunk of no more lets three blocks share a multiprocessor, so that one loads while others store. */
constexpr int kComfortable = 64 * 1024;

std::int64_t divideUp(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/** Elements of each block's chunk of a row, in whole vectors. */
std::int64_t chunkOf(std::int64_t size, int blocks, int vector) { return divideUp(divideUp(size, vector), blocks) * vector; }

/** The blocks of a cluster that holds a row: as few as make its chunks comfortable, or fit. 0: none holds it. */
int clusterFor(std::int64_t size, int vector, int heldBytes, const Device& device) {
  const int most = device.sharedPerBlock - kExchangeBytes;
  for (const int limit : {std::min(kComfortable, most), most}) {
    for (int blocks = 1; blocks <= device.clusterBlocks; blocks *= 2) {
      if (chunkOf(size, blocks, vector) * heldBytes <= limit) return blocks;
    }
  }
  return 0;
}

}  // namespace

int bytesOf(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return 4;
    case DType::float16:
    case DType::bfloat16:
      return 2;
  }
  __builtin_unreachable();
}

int powerOfTwo(std::int64_t least, int most) {
  int power = 1;
  while (power < least && power < most) power *= 2;
  return power;
}

RowGeometry rowGeometry(std::int64_t size, DType dtype, int heldBytes, const Device& device) {
  if (size <= 32 * kShortElements) return {Team::small, std::max(8, powerOfTwo(divideUp(size, kShortElements), 32)), 1, 0};
  if (size <= 32 * kWarpElements) return {Team::warp, 32, 1, 0};
  if (size <= kBlockThreads * kBlockElements) return {Team::block, powerOfTwo(divideUp(size, kBlockElements), kBlockThreads), 1, 0};
  const int vector = 16 / bytesOf(dtype);
  const int cluster = clusterFor(size, vector, heldBytes, device);
  if (cluster > 0) return {Team::wide, kWideThreads, cluster, int(chunkOf(size, cluster, vector))};
  return {Team::split, kPartThreads, 1, kPartThreads * kPartElements};
}

RowGeometry backwardGeometry(std::int64_t size, const Device& device) {
  constexpr int most = kBlockThreads * kBackwardElements;
  if (size <= 32 * kBackwardElements) return {Team::small, std::max(8, powerOfTwo(divideUp(size, kBackwardElements), 32)), 1, 0};
  if (size <= most) return {Team::block, powerOfTwo(divideUp(size, kBackwardElements), kBlockThreads), 1, 0};
  const int cluster = powerOfTwo(divideUp(size, most), device.clusterBlocks);
  if (size > std::int64_t(cluster) * most) return {Team::split, kBlockThreads, 1, most};
  // As many lanes as share the row evenly, in whole warps.
  const int lanes = int(divideUp(divideUp(size, cluster * kBackwardElements), 32)) * 32;
  return {Team::wide, lanes, cluster, lanes * kBackwardElements};
}

}  // namespace rmsnorm
