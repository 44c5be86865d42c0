// Devices, their attributes and their contexts.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "driver/emulated/context.h"
#include "driver/emulated/functions.h"
#include "driver/emulated/stream.h"
#include "driver/result_name.h"

namespace rmsnorm::emulated {

namespace {

Context* contexts() {
  static Context* const all = new Context[2 * devicesOfEach];
  return all;
}

std::vector<Context*>& stack() {
  thread_local std::vector<Context*> contextsOfThread;
  return contextsOfThread;
}

std::string& lastProblem() {
  static std::string& last = *new std::string;
  return last;
}

bool isDevice(CUdevice device) { return device >= 0 && device < 2 * devicesOfEach; }
bool isSm90(CUdevice device) { return device < devicesOfEach; }

}  // namespace

std::mutex& lock() {
  static std::mutex& only = *new std::mutex;
  return only;
}

std::map<CUstream, std::shared_ptr<Stream>> streamsOf(Context& context) {
  const std::lock_guard<std::mutex> guard(lock());
  return context.streams;
}

std::map<CUdeviceptr, Range>& ranges() {
  static auto& all = *new std::map<CUdeviceptr, Range>;
  return all;
}

Context* current() { return stack().empty() ? nullptr : stack().back(); }

CUresult lossOfCurrent() {
  const Context* context = current();
  return context ? context->lost.load() : CUDA_SUCCESS;
}

void lose(Context& context, CUresult result, const std::string& problem) {
  const std::lock_guard<std::mutex> guard(lock());
  lastProblem() = problem;
  context.lost = result;
}

std::string problemOfKernel() {
  const std::lock_guard<std::mutex> guard(lock());
  return lastProblem();
}

/** Half of the host's memory at most, so that a test cannot exhaust it. */
std::size_t totalMemory() {
  const std::size_t host = std::size_t(sysconf(_SC_PHYS_PAGES)) * std::size_t(sysconf(_SC_PAGE_SIZE));
  return std::min<std::size_t>(host / 2, std::size_t(141) << 30);
}

void clear(Context& context) {
  for (const auto& [handle, stream] : streamsOf(context)) destroyStream(stream);
  const std::lock_guard<std::mutex> guard(lock());
  for (auto range = ranges().begin(); range != ranges().end();) {
    if (range->second.device != context.device) {
      ++range;
      continue;
    }
    std::free(reinterpret_cast<void*>(range->first));
    range = ranges().erase(range);
  }
  context.used = 0;
  context.lost = CUDA_SUCCESS;
}

CUresult cuInit(unsigned) { return CUDA_SUCCESS; }

CUresult cuDriverGetVersion(int* version) {
  *version = 13000;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult result, const char** name) {
  *name = resultName(result);
  return *name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDeviceGetCount(int* count) {
  *count = devicesOfEach;
  return CUDA_SUCCESS;
}

CUresult deviceAt(CUdevice* device, int ordinal, Arch arch) {
  if (ordinal < 0 || ordinal >= devicesOfEach) return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal + (arch == Arch::sm80 ? devicesOfEach : 0);
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) { return deviceAt(device, ordinal, Arch::sm90); }

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  if (!isDevice(device)) return CUDA_ERROR_INVALID_DEVICE;
  std::snprintf(name, std::size_t(length), "emulated sm_%d", isSm90(device) ? 90 : 80);
  return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem(std::size_t* bytes, CUdevice device) {
  if (!isDevice(device)) return CUDA_ERROR_INVALID_DEVICE;
  *bytes = totalMemory();
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
  if (!isDevice(device)) return CUDA_ERROR_INVALID_DEVICE;
  // An H200's and an A100's.
  const bool sm90 = isSm90(device);
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      *value = sm90 ? 9 : 8;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      *value = 0;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      *value = sm90 ? 132 : 108;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
      *value = sm90 ? 232448 : 166912;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH:
      *value = sm90;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
      *value = 1;
      return CUDA_SUCCESS;
    default:
      return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  if (!isDevice(device)) return CUDA_ERROR_INVALID_DEVICE;
  const std::lock_guard<std::mutex> guard(lock());
  Context& found = contexts()[device];
  found.device = device;
  found.users++;
  *context = reinterpret_cast<CUcontext>(&found);
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
  if (!isDevice(device)) return CUDA_ERROR_INVALID_DEVICE;
  Context& found = contexts()[device];
  {
    const std::lock_guard<std::mutex> guard(lock());
    if (found.users == 0) return CUDA_ERROR_INVALID_CONTEXT;
    if (--found.users > 0) return CUDA_SUCCESS;
  }
  clear(found);
  return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent(CUcontext context) {
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  stack().push_back(reinterpret_cast<Context*>(context));
  return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent(CUcontext* context) {
  if (stack().empty()) return CUDA_ERROR_INVALID_CONTEXT;
  if (context) *context = reinterpret_cast<CUcontext>(stack().back());
  stack().pop_back();
  return CUDA_SUCCESS;
}

}  // namespace rmsnorm::emulated
