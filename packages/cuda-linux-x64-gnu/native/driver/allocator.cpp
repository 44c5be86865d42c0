#include "driver/allocator.h"

#include "driver/caching_allocator.h"

namespace rmsnorm {

namespace {

std::size_t totalMemory(const SharedDevice& device) {
  std::size_t bytes = 0;
  check(device.cuda, device.cuda.cuDeviceTotalMem(&bytes, device.device), "cuDeviceTotalMem");
  return bytes;
}

class PoolAllocator : public Allocator {
 public:
  PoolAllocator(const SharedDevice& device, CUstream itsStream, std::size_t limit) : cuda(device.cuda), stream(itsStream) {
    CUmemPoolProps properties = {};
    properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, device.device};
    properties.maxSize = limit;
    check(cuda, cuda.cuMemPoolCreate(&pool, &properties), "cuMemPoolCreate");
    // Without a threshold the pool gives all that is free back at each synchronization.
    cuuint64_t keep = totalMemory(device) / 4;
    check(cuda, cuda.cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep), "cuMemPoolSetAttribute");
  }

  ~PoolAllocator() override { cuda.cuMemPoolDestroy(pool); }

  CUdeviceptr alloc(std::size_t bytes) override {
    CUdeviceptr address = 0;
    // Kernels read whole 16 bytes (kernels/vector.cuh).
    const std::size_t whole = (bytes + 15) / 16 * 16;
    CUresult result = cuda.cuMemAllocFromPoolAsync(&address, whole, pool, stream);
    if (result == CUDA_ERROR_OUT_OF_MEMORY && reserved() > used) {
      // What is freed but not yet reached by the stream, or kept in pieces too small, goes back first.
      check(cuda, cuda.cuStreamSynchronize(stream), "cuStreamSynchronize");
      cuda.cuMemPoolTrimTo(pool, 0);
      result = cuda.cuMemAllocFromPoolAsync(&address, whole, pool, stream);
    }
    if (result != CUDA_SUCCESS)
      fail(cuda, result, "cuMemAllocFromPoolAsync",
           std::to_string(bytes) + " bytes, beside " + std::to_string(used) + " in use");
    used += bytes;
    return address;
  }

  void free(CUdeviceptr address, std::size_t bytes) override {
    // A caller's stream may be gone: what waits for the device needs none.
    if (cuda.cuMemFreeAsync(address, stream) != CUDA_SUCCESS) check(cuda, cuda.cuMemFree(address), "cuMemFree");
    used -= bytes;
  }

  std::size_t reserved() override {
    cuuint64_t bytes = 0;
    check(cuda, cuda.cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &bytes), "cuMemPoolGetAttribute");
    return bytes;
  }

 private:
  const Table& cuda;
  CUstream stream;
  CUmemoryPool pool = nullptr;
  std::size_t used = 0;
};

}  // namespace

std::unique_ptr<Allocator> makeAllocator(const SharedDevice& device, CUstream stream, bool pools, std::size_t limit) {
  if (pools && device.attribute(CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED))
    return std::make_unique<PoolAllocator>(device, stream, limit);
  return std::make_unique<CachingAllocator>(device.cuda, limit, totalMemory(device) / 4);
}

}  // namespace rmsnorm
