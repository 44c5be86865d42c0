// The host device: runs a kernel's threads as fibers of one host thread, in an order of its own, with the exchanges and barriers of CUDA.
// It shows what a kernel computes, not how fast. A kernel that waits for a lane that never comes ends with an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../plan/args.h"

namespace rmsnorm::simt {

using Kernel = void (*)(const Args&);

/** A kernel and the most threads of its blocks; null: there is none of this name. */
struct Entry {
  const char* name;
  Kernel kernel;
  int mostThreads;
  const Entry* next;
};
const Entry* find(const char* name);
/** All kernels, as a list. */
const Entry* entries();

/** Registers a kernel when the program starts. */
struct Registration {
  Entry entry;
  Registration(const char* name, Kernel kernel, int mostThreads);
};

/** Runs a grid in the calling thread. Returns null, or what went wrong, in words. */
const char* run(const Entry& entry, unsigned gridX, unsigned gridY, unsigned threads, unsigned sharedBytes, unsigned cluster,
                const Args& args);

// What follows is called by kernels (kernels/device.cuh).

/** Where a thread is. Kernels ask for it all the time. */
struct Here {
  int threadIndex;
  int blockThreads;
  std::int64_t blockIndex;
  int clusterRank;
  int clusterSize;
  unsigned char* sharedMemory;
};

/** The place of the fiber that runs. In the static part of thread-local memory, where reading it takes one instruction. */
extern thread_local const Here* here __attribute__((tls_model("initial-exec")));

inline int threadIndex() { return here->threadIndex; }
inline int blockThreads() { return here->blockThreads; }
inline std::int64_t blockIndex() { return here->blockIndex; }
inline int clusterRank() { return here->clusterRank; }
inline int clusterSize() { return here->clusterSize; }
inline unsigned char* sharedMemory() { return here->sharedMemory; }

void barrier();
void clusterBarrier();
const void* remoteShared(const void* own, int rank);

/** Gives `bits` to the warp, and takes what the lane `from` gave. Waits for all lanes. */
std::uint64_t exchangeBits(std::uint64_t bits, int from);
bool anyInWarp(bool condition);
bool anyInBlock(bool condition);

template <class T>
T exchange(T value, int from) {
  static_assert(sizeof(T) <= 8);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = exchangeBits(bits, from);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace rmsnorm::simt
