// What a backend has of a device: a stream, memory on it, staging, kernels and graphs. Used by JavaScript's thread and, where it says so, by
// the waiting thread (addon/completion.h).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "driver/allocator.h"
#include "driver/graphs.h"
#include "driver/kernels.h"
#include "driver/staging.h"

namespace rmsnorm {

struct SessionOptions {
  const Table* cuda = nullptr;
  int device = 0;
  bool ownStream = true;
  /** The caller's, where ownStream is false. */
  CUstream stream = nullptr;
  std::size_t stagingBytes = 16u << 20;
  /** 0: as much as the device has. */
  std::size_t memoryLimit = 0;
  /** False: the driver's pools are not used. */
  bool pools = true;
};

/** Bytes on their way to the host: once the event is reached they are in the block. */
struct Arrival {
  CUevent event = nullptr;
  PinnedBlock block;
};

struct MemoryRange {
  const char* kind;
  int device;
  CUdeviceptr base;
  std::size_t bytes;
};

class Session {
 public:
  explicit Session(const SessionOptions& options);
  ~Session();

  std::string description() const { return words; }
  CUstream streamHandle() const { return stream; }

  CUdeviceptr alloc(std::size_t bytes);
  void free(CUdeviceptr address);
  void write(CUdeviceptr to, const unsigned char* from, std::size_t bytes);
  Arrival read(CUdeviceptr from, std::size_t bytes);
  void launch(const Call& call);
  void copy(CUdeviceptr from, CUdeviceptr to, std::size_t bytes);
  MemoryRange inspect(CUdeviceptr address);
  void beginCapture();
  std::uint64_t endCapture();
  void launchGraph(std::uint64_t number);
  /** Scratch memory that freeScratch may free once the event is reached; no event: there is none. */
  std::vector<CUdeviceptr> disposeGraph(std::uint64_t number, CUevent* event);
  /** Marks a place in the stream; the number of the mark. */
  std::uint64_t mark();
  /** Milliseconds from one mark to another, once the stream has reached both: waits for that. The marks are used up. */
  double elapsed(std::uint64_t from, std::uint64_t to);
  std::size_t reserved();
  std::size_t used() const { return bytesInUse; }
  const Device& deviceLimits() const { return limits; }
  const Table& driver() const { return cuda; }

  // By the waiting thread.
  void enterThread();
  void leaveThread();
  /** Waits for an event. What went wrong meanwhile; none: nothing. */
  std::optional<Failure> wait(CUevent event);
  void give(const Arrival& arrival);
  /** Gives a block back where that takes no call of the driver, which may wait. By any thread. */
  bool keep(PinnedBlock block);
  void give(CUevent event) { events.give(event); }
  void freeScratch(const std::vector<CUdeviceptr>& scratch) { graphs->freeScratch(scratch); }
  /** Waits for what is enqueued, and frees everything. */
  void end();

 private:
  /** Runs `work` in the device's context; an error that loses the device is noted for all backends. */
  template <class Work>
  auto inContext(Work&& work);
  void refuseInCapture(const char* what) const;
  void throwIfLost();
  /** The failure in its final words; notes a loss. */
  Failure noted(Failure failure);
  std::string lastLaunch();
  CUevent takeMark(std::uint64_t number);
  void freeLive();
  void freeNow(CUdeviceptr address, std::size_t bytes);

  const Table& cuda;
  const std::shared_ptr<SharedDevice> device;
  const bool ownStream;
  CUstream stream = nullptr;
  std::string words;
  Device limits;
  Events events;
  PinnedBlocks arrivals;
  std::unique_ptr<WriteStaging> staging;
  std::unique_ptr<Allocator> allocator;
  std::unique_ptr<Kernels> kernels;
  std::unique_ptr<Graphs> graphs;
  /** Device memory that is not freed yet, with its sizes. */
  std::unordered_map<CUdeviceptr, std::size_t> live;
  std::size_t bytesInUse = 0;
  std::map<std::uint64_t, CUevent> marks;
  std::uint64_t nextMark = 1;
  /** Freed while a capture was going on, or in vain, with sizes: they are freed after the next capture, or at the end. */
  std::vector<std::pair<CUdeviceptr, std::size_t>> freedLater;
  /** The last launch, for the words of an error that comes later. */
  std::mutex lastMutex;
  const char* lastKernel = nullptr;
  Call lastCall = {};
};

}  // namespace rmsnorm
