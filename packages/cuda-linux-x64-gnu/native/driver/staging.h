// Pinned memory between JavaScript's arrays and the device, so that copies are enqueued and nobody waits for them.
#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "driver/failure.h"

namespace rmsnorm {

/** Written bytes on their way to the device: segments that are filled one after the other, and again once the device has read them. */
class WriteStaging {
 public:
  WriteStaging(const Table& driver, CUstream itsStream, std::size_t bytes);
  ~WriteStaging();
  /** Copies before it returns; waits only where all segments are on their way. */
  void write(CUdeviceptr to, const unsigned char* from, std::size_t bytes);

 private:
  static constexpr int segments = 4;
  void allocate();
  void nextSegment();

  const Table& cuda;
  const CUstream stream;
  /** Of one segment. */
  const std::size_t size;
  unsigned char* memory = nullptr;
  /** Reached once a segment's bytes are on the device. */
  CUevent events[segments] = {};
  bool sent[segments] = {};
  int segment = 0;
  std::size_t filled = 0;
};

struct PinnedBlock {
  void* memory = nullptr;
  std::size_t bytes = 0;
};

/** Where reads arrive. Blocks are kept for the next read, up to a bound. Used by several threads. */
class PinnedBlocks {
 public:
  PinnedBlocks(const Table& driver, std::size_t bytesToKeep) : cuda(driver), mostKept(bytesToKeep) {}
  PinnedBlock take(std::size_t bytes);
  /** False: enough are kept, and `give` frees it. */
  bool keep(PinnedBlock block);
  void give(PinnedBlock block);
  void clear();

 private:
  const Table& cuda;
  const std::size_t mostKept;
  std::mutex mutex;
  std::multimap<std::size_t, void*> blocks;
  std::size_t kept = 0;
};

/** Events that are used again. Used by several threads. */
class Events {
 public:
  explicit Events(const Table& driver) : cuda(driver) {}
  CUevent take();
  void give(CUevent event);
  void clear();

 private:
  const Table& cuda;
  std::mutex mutex;
  std::vector<CUevent> free;
};

}  // namespace rmsnorm
