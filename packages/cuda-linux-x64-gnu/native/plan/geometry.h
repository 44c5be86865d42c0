// How a row is divided among lanes. It follows from (size, dtype, device) alone, so that a row's bits do.
#pragma once

#include <cstdint>

#include "call.h"
#include "device.h"

namespace rmsnorm {

// Elements that a lane holds in registers, and threads of a block, by the kind of team.
constexpr int kShortElements = 8;
constexpr int kWarpElements = 32;
constexpr int kSmallThreads = 256;
constexpr int kBlockElements = 16;
constexpr int kBlockThreads = 512;
/** Backward: of a block, all of a row, or its part of a row that blocks share. */
constexpr int kBackwardElements = 8;
constexpr int kWideThreads = 512;
constexpr int kPartThreads = 256;
constexpr int kPartElements = 16;
/** Blocks of columns: whose threads have one column each, or a vector. */
constexpr int kColumnThreads = 1024;
constexpr int kVectorThreads = 256;
/** Threads that share a column. */
constexpr int kDepth = 32;
constexpr int kSumThreads = 1024;

/** Values that a team of a whole block adds at once, at most. */
constexpr int kExchanged = 2;
/** The shared memory that it exchanges by: two turns of a total for each warp, and of the block's. */
constexpr int kExchangeBytes = 2 * kExchanged * 33 * 8;

enum class Team { small, warp, block, wide, split };

struct RowGeometry {
  Team team;
  /** Lanes that do a row; of a wide row, threads of each block. */
  int lanes;
  /** Of a wide row: blocks of its cluster, and elements of each. Of a split row: elements of a part. */
  int cluster;
  int chunk;
};

int bytesOf(DType dtype);

/** Contiguous rows of every operation but backward. `heldBytes`: bytes of an element in shared memory. */
RowGeometry rowGeometry(std::int64_t size, DType dtype, int heldBytes, const Device& device);

/** Contiguous rows of backward, which holds fewer elements a lane, as it holds more for each. A wide row is in registers too. */
RowGeometry backwardGeometry(std::int64_t size, const Device& device);

/** The least power of two that is no less, but at most `most`. */
int powerOfTwo(std::int64_t least, int most);

}  // namespace rmsnorm
