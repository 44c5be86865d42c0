// What an emulated device holds: its memory, its streams and whether it is lost.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "driver/emulated/emulated.h"

namespace rmsnorm::emulated {

constexpr int devicesOfEach = 2;

struct Stream;

struct Range {
  std::size_t bytes;
  CUmemorytype type;
  int device;
  /** The pool that it counts for; null: none. */
  CUmemoryPool pool;
};

struct Context {
  int device = 0;
  int users = 0;
  std::atomic<CUresult> lost{CUDA_SUCCESS};
  /** Bytes of device memory in use. */
  std::size_t used = 0;
  /** By their handles. The stream 0 is made when it is first used. */
  std::map<CUstream, std::shared_ptr<Stream>> streams;
};

/** The streams that are there now. */
std::map<CUstream, std::shared_ptr<Stream>> streamsOf(Context& context);

/** Guards everything but the streams' own queues. */
std::mutex& lock();

/** All memory that is allocated, by its first address. */
std::map<CUdeviceptr, Range>& ranges();

/** The context that is current in this thread; null: none. */
Context* current();

CUresult lossOfCurrent();
/** Makes a context answer every call with `result`. */
void lose(Context& context, CUresult result, const std::string& problem);

CUresult deviceAt(CUdevice* device, int ordinal, Arch arch);
std::size_t totalMemory();
/** Frees what the last user of a context left behind. */
void clear(Context& context);

}  // namespace rmsnorm::emulated
