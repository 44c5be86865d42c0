#include "driver/caching_allocator.h"

#include <algorithm>

namespace rmsnorm {

namespace {

/** Sizes of blocks lie an eighth apart, so that tensors of nearly one size share them. */
std::size_t sizeOfBlock(std::size_t bytes) {
  std::size_t step = 512;
  while (step * 16 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

}  // namespace

CachingAllocator::CachingAllocator(const Table& driver, std::size_t most, std::size_t mostFree)
    : cuda(driver), limit(most), mostKept(mostFree) {}

CachingAllocator::~CachingAllocator() { giveBack(); }

CUresult CachingAllocator::take(std::size_t bytes, CUdeviceptr* address) {
  if (limit && taken + bytes > limit) return CUDA_ERROR_OUT_OF_MEMORY;
  return cuda.cuMemAlloc(address, bytes);
}

/** Waits for the device: what is freed here may still be in use. */
void CachingAllocator::giveBack() {
  for (auto& [bytes, free] : blocks) {
    for (const CUdeviceptr address : free) {
      cuda.cuMemFree(address);
      taken -= bytes;
    }
  }
  blocks.clear();
  kept = 0;
}

CUdeviceptr CachingAllocator::alloc(std::size_t bytes) {
  const std::size_t size = sizeOfBlock(bytes);
  const auto found = blocks.find(size);
  if (found != blocks.end() && !found->second.empty()) {
    const CUdeviceptr address = found->second.back();
    found->second.pop_back();
    kept -= size;
    return address;
  }
  CUdeviceptr address = 0;
  CUresult result = take(size, &address);
  if (result == CUDA_ERROR_OUT_OF_MEMORY && kept > 0) {
    giveBack();
    result = take(size, &address);
  }
  if (result != CUDA_SUCCESS)
    fail(cuda, result, "cuMemAlloc", std::to_string(size) + " bytes, beside " + std::to_string(taken) + " in use");
  taken += size;
  return address;
}

void CachingAllocator::free(CUdeviceptr address, std::size_t bytes) {
  const std::size_t size = sizeOfBlock(bytes);
  if (kept + size <= mostKept) {
    blocks[size].push_back(address);
    kept += size;
    return;
  }
  check(cuda, cuda.cuMemFree(address), "cuMemFree");
  taken -= size;
}

}  // namespace rmsnorm
