#include "driver/staging.h"

#include <algorithm>
#include <cstring>

namespace rmsnorm {

namespace {

constexpr std::size_t leastBlock = 64 * 1024;
constexpr unsigned eventFlags = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING;

void* pinned(const Table& cuda, std::size_t bytes) {
  void* memory = nullptr;
  const CUresult result = cuda.cuMemHostAlloc(&memory, bytes, 0);
  if (result != CUDA_SUCCESS) fail(cuda, result, "cuMemHostAlloc", std::to_string(bytes) + " bytes of pinned host memory");
  return memory;
}

}  // namespace

WriteStaging::WriteStaging(const Table& driver, CUstream itsStream, std::size_t bytes)
    : cuda(driver), stream(itsStream), size(std::max<std::size_t>(bytes / segments, 256)) {}

WriteStaging::~WriteStaging() {
  for (const CUevent event : events)
    if (event) cuda.cuEventDestroy(event);
  if (memory) cuda.cuMemFreeHost(memory);
}

void WriteStaging::allocate() {
  for (CUevent& event : events)
    if (!event) check(cuda, cuda.cuEventCreate(&event, eventFlags), "cuEventCreate");
  memory = static_cast<unsigned char*>(pinned(cuda, size * segments));
}

void WriteStaging::nextSegment() {
  check(cuda, cuda.cuEventRecord(events[segment], stream), "cuEventRecord");
  sent[segment] = true;
  const int next = (segment + 1) % segments;
  if (sent[next]) check(cuda, cuda.cuEventSynchronize(events[next]), "cuEventSynchronize");
  segment = next;
  filled = 0;
}

void WriteStaging::write(CUdeviceptr to, const unsigned char* from, std::size_t bytes) {
  if (!memory) allocate();
  while (bytes > 0) {
    if (filled == size) nextSegment();
    const std::size_t piece = std::min(bytes, size - filled);
    unsigned char* place = memory + std::size_t(segment) * size + filled;
    std::memcpy(place, from, piece);
    check(cuda, cuda.cuMemcpyHtoDAsync(to, place, piece, stream), "cuMemcpyHtoDAsync");
    filled += piece;
    to += piece;
    from += piece;
    bytes -= piece;
  }
}

void PinnedBlocks::clear() {
  for (const auto& block : blocks) cuda.cuMemFreeHost(block.second);
  blocks.clear();
  kept = 0;
}

PinnedBlock PinnedBlocks::take(std::size_t bytes) {
  std::size_t size = leastBlock;
  while (size < bytes && size < mostKept) size *= 2;
  size = std::max(size, bytes);
  {
    const std::lock_guard<std::mutex> guard(mutex);
    const auto found = blocks.find(size);
    if (found != blocks.end()) {
      const PinnedBlock block{found->second, size};
      blocks.erase(found);
      kept -= size;
      return block;
    }
  }
  return {pinned(cuda, size), size};
}

bool PinnedBlocks::keep(PinnedBlock block) {
  const std::lock_guard<std::mutex> guard(mutex);
  if (kept + block.bytes > mostKept) return false;
  blocks.emplace(block.bytes, block.memory);
  kept += block.bytes;
  return true;
}

void PinnedBlocks::give(PinnedBlock block) {
  if (!keep(block)) cuda.cuMemFreeHost(block.memory);
}

void Events::clear() {
  for (const CUevent event : free) cuda.cuEventDestroy(event);
  free.clear();
}

CUevent Events::take() {
  {
    const std::lock_guard<std::mutex> guard(mutex);
    if (!free.empty()) {
      const CUevent event = free.back();
      free.pop_back();
      return event;
    }
  }
  CUevent event = nullptr;
  check(cuda, cuda.cuEventCreate(&event, eventFlags), "cuEventCreate");
  return event;
}

void Events::give(CUevent event) {
  const std::lock_guard<std::mutex> guard(mutex);
  free.push_back(event);
}

}  // namespace rmsnorm
