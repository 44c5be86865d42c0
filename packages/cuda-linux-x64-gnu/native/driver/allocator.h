// Device memory in the order of a stream: what is freed may be given out again at once, as later work runs after what used it.
#pragma once

#include <memory>

#include "driver/shared_device.h"

namespace rmsnorm {

class Allocator {
 public:
  virtual ~Allocator() = default;
  /** Throws OUT_OF_MEMORY. */
  virtual CUdeviceptr alloc(std::size_t bytes) = 0;
  /** Of an address that alloc gave. */
  virtual void free(CUdeviceptr address, std::size_t bytes) = 0;
  /** What is taken from the device, in use or not. */
  virtual std::size_t reserved() = 0;
};

/** With a pool of the driver's where the device has them and `pools` does not forbid it; `limit` 0: none. */
std::unique_ptr<Allocator> makeAllocator(const SharedDevice& device, CUstream stream, bool pools, std::size_t limit);

}  // namespace rmsnorm
