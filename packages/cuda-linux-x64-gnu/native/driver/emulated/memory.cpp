// Memory: the host's, with a list of what is allocated, so that a freed or foreign address is an error. Device memory is filled with 0xFF, so
// that an output which is not written shows.
#include <cstdlib>
#include <cstring>

#include "driver/emulated/functions.h"
#include "driver/emulated/stream.h"

namespace rmsnorm::emulated {

namespace {

struct Pool {
  std::size_t limit;
  std::size_t used = 0;
};

Pool* poolOf(CUmemoryPool handle) { return reinterpret_cast<Pool*>(handle); }

/** Where `pool` is null the memory counts for the device alone. */
CUresult allocate(CUdeviceptr* address, std::size_t bytes, CUmemorytype type, CUmemoryPool pool) {
  Context* context = current();
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  const std::lock_guard<std::mutex> guard(lock());
  if (bytes > totalMemory() - context->used) return CUDA_ERROR_OUT_OF_MEMORY;
  if (pool && poolOf(pool)->limit && bytes > poolOf(pool)->limit - poolOf(pool)->used) return CUDA_ERROR_OUT_OF_MEMORY;
  void* memory = nullptr;
  // A device's memory ends at no other place; AddressSanitizer sees the first byte beyond.
  if (posix_memalign(&memory, 256, (bytes + 15) / 16 * 16) != 0) return CUDA_ERROR_OUT_OF_MEMORY;
  *address = reinterpret_cast<CUdeviceptr>(memory);
  ranges()[*address] = {bytes, type, context->device, pool};
  context->used += bytes;
  if (pool) poolOf(pool)->used += bytes;
  return CUDA_SUCCESS;
}

/** Takes a range out of the list; its memory is still to be freed. */
CUresult forget(CUdeviceptr address, CUmemorytype type) {
  Context* context = current();
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  const std::lock_guard<std::mutex> guard(lock());
  const auto found = ranges().find(address);
  if (found == ranges().end() || found->second.type != type) return CUDA_ERROR_INVALID_VALUE;
  context->used -= found->second.bytes;
  if (found->second.pool) poolOf(found->second.pool)->used -= found->second.bytes;
  ranges().erase(found);
  return CUDA_SUCCESS;
}

/** Devices of another arch are another driver's. */
bool isOurs(const Range& range) { return range.device / devicesOfEach == current()->device / devicesOfEach; }

/** The range of this driver's that holds an address; null: none. The lock is held. */
const std::pair<const CUdeviceptr, Range>* rangeOf(CUdeviceptr address) {
  auto next = ranges().upper_bound(address);
  if (next == ranges().begin()) return nullptr;
  --next;
  return address - next->first < next->second.bytes && isOurs(next->second) ? &*next : nullptr;
}

bool isDeviceMemory(CUdeviceptr address, std::size_t bytes) {
  const std::lock_guard<std::mutex> guard(lock());
  const auto* range = rangeOf(address);
  return range && range->second.type == CU_MEMORYTYPE_DEVICE && bytes <= range->second.bytes - (address - range->first);
}

void* pointer(CUdeviceptr address) { return reinterpret_cast<void*>(address); }

void drainAll() {
  Context* context = current();
  if (!context) return;
  for (const auto& [handle, stream] : streamsOf(*context)) drain(*stream);
}

}  // namespace

CUresult cuMemAlloc(CUdeviceptr* address, std::size_t bytes) {
  const CUresult result = allocate(address, bytes, CU_MEMORYTYPE_DEVICE, nullptr);
  if (result == CUDA_SUCCESS) std::memset(pointer(*address), 0xFF, bytes);
  return result;
}

CUresult cuMemFree(CUdeviceptr address) {
  const CUresult result = forget(address, CU_MEMORYTYPE_DEVICE);
  if (result != CUDA_SUCCESS) return result;
  drainAll();
  std::free(pointer(address));
  return CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void** memory, std::size_t bytes, unsigned) {
  CUdeviceptr address = 0;
  const CUresult result = allocate(&address, bytes, CU_MEMORYTYPE_HOST, nullptr);
  *memory = pointer(address);
  return result;
}

CUresult cuMemFreeHost(void* memory) {
  const CUresult result = forget(reinterpret_cast<CUdeviceptr>(memory), CU_MEMORYTYPE_HOST);
  if (result != CUDA_SUCCESS) return result;
  drainAll();
  std::free(memory);
  return CUDA_SUCCESS;
}

CUresult cuMemPoolCreate(CUmemoryPool* pool, const CUmemPoolProps* properties) {
  *pool = reinterpret_cast<CUmemoryPool>(new Pool{properties->maxSize});
  return CUDA_SUCCESS;
}

CUresult cuMemPoolDestroy(CUmemoryPool pool) {
  const std::lock_guard<std::mutex> guard(lock());
  for (auto& range : ranges())
    if (range.second.pool == pool) range.second.pool = nullptr;
  delete poolOf(pool);
  return CUDA_SUCCESS;
}

CUresult cuMemPoolSetAttribute(CUmemoryPool, CUmemPool_attribute, void*) { return CUDA_SUCCESS; }

CUresult cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void* value) {
  if (attribute != CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT) return CUDA_ERROR_INVALID_VALUE;
  const std::lock_guard<std::mutex> guard(lock());
  *static_cast<cuuint64_t*>(value) = poolOf(pool)->used;
  return CUDA_SUCCESS;
}

CUresult cuMemPoolTrimTo(CUmemoryPool, std::size_t) { return CUDA_SUCCESS; }

CUresult cuMemAllocFromPoolAsync(CUdeviceptr* address, std::size_t bytes, CUmemoryPool pool, CUstream stream) {
  const CUresult result = allocate(address, bytes, CU_MEMORYTYPE_DEVICE, pool);
  if (result != CUDA_SUCCESS) return result;
  return enqueueUncaptured(stream, [address = *address, bytes] { std::memset(pointer(address), 0xFF, bytes); });
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  if (!streamOf(stream)) return CUDA_ERROR_INVALID_HANDLE;
  const CUresult result = forget(address, CU_MEMORYTYPE_DEVICE);
  if (result != CUDA_SUCCESS) return result;
  return enqueueUncaptured(stream, [address] { std::free(pointer(address)); });
}

CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, std::size_t bytes, CUstream stream) {
  if (!isDeviceMemory(to, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return enqueue(stream, [to, from, bytes] { std::memcpy(pointer(to), from, bytes); });
}

CUresult cuMemcpyDtoHAsync(void* to, CUdeviceptr from, std::size_t bytes, CUstream stream) {
  if (!isDeviceMemory(from, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return enqueue(stream, [to, from, bytes] { std::memcpy(to, pointer(from), bytes); });
}

CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, std::size_t bytes, CUstream stream) {
  if (!isDeviceMemory(to, bytes) || !isDeviceMemory(from, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return enqueue(stream, [to, from, bytes] { std::memmove(pointer(to), pointer(from), bytes); });
}

CUresult cuPointerGetAttributes(unsigned count, CUpointer_attribute* attributes, void** values, CUdeviceptr address) {
  const std::lock_guard<std::mutex> guard(lock());
  const auto* range = rangeOf(address);
  for (unsigned i = 0; i < count; i++) {
    switch (attributes[i]) {
      case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        *static_cast<unsigned*>(values[i]) = range ? range->second.type : 0;
        break;
      case CU_POINTER_ATTRIBUTE_IS_MANAGED:
        *static_cast<unsigned*>(values[i]) = 0;
        break;
      case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        *static_cast<int*>(values[i]) = range ? range->second.device % devicesOfEach : -1;
        break;
      case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
        *static_cast<CUdeviceptr*>(values[i]) = range ? range->first : 0;
        break;
      case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
        *static_cast<std::size_t*>(values[i]) = range ? range->second.bytes : 0;
        break;
      default:
        return CUDA_ERROR_INVALID_VALUE;
    }
  }
  return CUDA_SUCCESS;
}

}  // namespace rmsnorm::emulated
