// An allocator for devices without pools: keeps what is freed, up to a bound, by the size of the block.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "driver/allocator.h"

namespace rmsnorm {

class CachingAllocator : public Allocator {
 public:
  /** `limit` 0: none. `mostKept`: bytes that are kept though free. */
  CachingAllocator(const Table& driver, std::size_t limit, std::size_t mostKept);
  ~CachingAllocator() override;
  CUdeviceptr alloc(std::size_t bytes) override;
  void free(CUdeviceptr address, std::size_t bytes) override;
  std::size_t reserved() override { return taken; }

 private:
  CUresult take(std::size_t bytes, CUdeviceptr* address);
  void giveBack();

  const Table& cuda;
  const std::size_t limit;
  const std::size_t mostKept;
  std::size_t taken = 0;
  std::size_t kept = 0;
  /** Free blocks, by their size. */
  std::map<std::size_t, std::vector<CUdeviceptr>> blocks;
};

}  // namespace rmsnorm
