// What the choice of a kernel may depend on: attributes of the device, never its load.
#pragma once

#include <cstddef>

namespace rmsnorm {

struct Device {
  int major = 0;
  int minor = 0;
  int multiprocessors = 0;
  /** The most bytes of shared memory that a block may ask for. */
  int sharedPerBlock = 0;
  /** The most blocks of a cluster: 8 from compute capability 9.0 on, else 1. */
  int clusterBlocks = 1;
};

}  // namespace rmsnorm
