// What a kernel uses of the machine under it: its place in the grid, exchanges between lanes, barriers, shared memory. CUDA has these
// built in; compiled by g++ (RMSNORM_EMULATED) they are those of the host device.
#pragma once

#include <cstdint>

#include "../plan/args.h"

#ifdef RMSNORM_EMULATED

#include <cstring>

#include "../simt/simt.h"

#define DEVICE inline
/** A function of what is rare: one copy serves all that call it. */
#define RARE __attribute__((noinline)) inline
#define UNROLL
#define ROLLED
/** Defines and registers the kernel `name`: blocks that have work call a function with its arguments. At most `most` threads a block. */
#define KERNEL(name, most, ...)                                        \
  static void name(const ::rmsnorm::Args& args) {                      \
    if (::rmsnorm::device::blockIndex() < args.grid) __VA_ARGS__(args); \
  }                                                                    \
  static const ::rmsnorm::simt::Registration registration_##name{#name, name, most};

namespace rmsnorm::device {

using simt::anyInBlock;
using simt::barrier;
using simt::blockIndex;
using simt::blockThreads;
using simt::clusterBarrier;
using simt::clusterRank;
using simt::clusterSize;
using simt::sharedMemory;
using simt::threadIndex;

template <class T>
T shuffleXor(T value, int mask) {
  return simt::exchange(value, (threadIndex() & 31) ^ mask);
}

/** Stores four words in global memory, whose address is a multiple of 16. */
inline void store16(void* p, const std::uint32_t* words) { std::memcpy(p, words, 16); }

/** How many bits are 1. */
inline int ones(unsigned bits) { return __builtin_popcount(bits); }

/** The low word of a pair of words, shifted right. */
inline std::uint32_t shiftRight(std::uint32_t low, std::uint32_t high, unsigned bits) {
  return std::uint32_t((std::uint64_t(high) << 32 | low) >> bits);
}

/** What the lane before gives; the first one gets its own. */
template <class T>
T shuffleUp(T value) {
  const int lane = threadIndex() & 31;
  return simt::exchange(value, lane > 0 ? lane - 1 : lane);
}

/** Whether `condition` holds in any lane of the warp. */
inline bool anyInWarp(bool condition) { return simt::anyInWarp(condition); }

/** `own`, an address in this block's shared memory, in the block `rank` of the cluster. */
template <class T>
const T* remoteShared(const T* own, int rank) {
  return reinterpret_cast<const T*>(simt::remoteShared(own, rank));
}

}  // namespace rmsnorm::device

#else

#include <cooperative_groups.h>

#define DEVICE __device__ __forceinline__
#define RARE __device__ __noinline__
#define UNROLL _Pragma("unroll")
/** Before a loop of what is rare: its code is small. */
#define ROLLED _Pragma("unroll 1")
/** No more registers than let a multiprocessor have 512 threads, which the plan counts on. */
#define KERNEL(name, most, ...)                                                                              \
  extern "C" __global__ void __launch_bounds__(most, (most) < 512 ? 512 / (most) : 1)                         \
  name(const __grid_constant__ ::rmsnorm::Args args) {                                                       \
    if (::rmsnorm::device::blockIndex() < args.grid) __VA_ARGS__(args);                                      \
  }

namespace rmsnorm::device {

DEVICE int threadIndex() { return threadIdx.x; }
DEVICE int blockThreads() { return blockDim.x; }
/** Over a grid of two dimensions. */
DEVICE std::int64_t blockIndex() { return std::int64_t(blockIdx.y) * gridDim.x + blockIdx.x; }

DEVICE void barrier() { __syncthreads(); }

template <class T>
DEVICE T shuffleXor(T value, int mask) {
  return __shfl_xor_sync(0xffffffffu, value, mask);
}

/** Spelled out, as the compiler makes four accesses of it where it finds no registers side by side. */
DEVICE void store16(void* p, const std::uint32_t* words) {
  asm volatile("st.global.v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(p)), "r"(words[0]), "r"(words[1]),
               "r"(words[2]), "r"(words[3])
               : "memory");
}

DEVICE int ones(unsigned bits) { return __popc(bits); }
DEVICE std::uint32_t shiftRight(std::uint32_t low, std::uint32_t high, unsigned bits) { return __funnelshift_r(low, high, bits); }

template <class T>
DEVICE T shuffleUp(T value) {
  return __shfl_up_sync(0xffffffffu, value, 1);
}

DEVICE bool anyInWarp(bool condition) { return __any_sync(0xffffffffu, condition); }
DEVICE bool anyInBlock(bool condition) { return __syncthreads_or(condition); }

DEVICE unsigned char* sharedMemory() {
  extern __shared__ __align__(16) unsigned char memory[];
  return memory;
}

#if __CUDA_ARCH__ >= 900
DEVICE int clusterRank() { return cooperative_groups::this_cluster().block_rank(); }
DEVICE int clusterSize() { return cooperative_groups::this_cluster().num_blocks(); }
DEVICE void clusterBarrier() { cooperative_groups::this_cluster().sync(); }
template <class T>
DEVICE const T* remoteShared(const T* own, int rank) {
  return cooperative_groups::this_cluster().map_shared_rank(const_cast<T*>(own), rank);
}
#else
DEVICE int clusterRank() { return 0; }
DEVICE int clusterSize() { return 1; }
DEVICE void clusterBarrier() { __syncthreads(); }
template <class T>
DEVICE const T* remoteShared(const T* own, int) {
  return own;
}
#endif

}  // namespace rmsnorm::device

#endif
