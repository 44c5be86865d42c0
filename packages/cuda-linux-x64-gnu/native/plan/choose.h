// From a call to its launches: a pure function of the operation, the problem, the alignment of the operands and the device.
#pragma once

#include <cstddef>

#include "args.h"
#include "call.h"
#include "device.h"

namespace rmsnorm {

struct Launch {
  const char* kernel;
  unsigned gridX;
  unsigned gridY;
  unsigned threads;
  unsigned sharedBytes;
  /** Blocks of a cluster; 1: no cluster. */
  unsigned cluster;
  Args args;
};

struct Plan {
  Launch launches[4];
  int count = 0;
  /** What args.scratch of every launch must point to. */
  std::size_t scratchBytes = 0;
};

Plan choose(const Call& call, const Device& device);

}  // namespace rmsnorm
