// Kernels: those of the host device, launched with a real driver's checks.
#include <cstring>
#include <map>
#include <string>

#include "driver/emulated/functions.h"
#include "driver/emulated/stream.h"
#include "plan/args.h"
#include "simt/simt.h"

namespace rmsnorm::emulated {

namespace {

constexpr unsigned kSharedWithoutAsking = 48 * 1024;

/** How much dynamic shared memory a kernel may have on a device, where more was asked for. */
std::map<std::pair<CUkernel, CUdevice>, int>& sharedLimits() {
  static auto& all = *new std::map<std::pair<CUkernel, CUdevice>, int>;
  return all;
}

unsigned sharedLimit(CUkernel kernel) {
  const std::lock_guard<std::mutex> guard(lock());
  const auto found = sharedLimits().find({kernel, current()->device});
  return found == sharedLimits().end() ? kSharedWithoutAsking : unsigned(found->second);
}

int attribute(CUdevice_attribute which) {
  int value = 0;
  emulated::cuDeviceGetAttribute(&value, which, current()->device);
  return value;
}

unsigned clusterOf(const CUlaunchConfig& config) {
  for (unsigned i = 0; i < config.numAttrs; i++)
    if (config.attrs[i].id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) return config.attrs[i].value.clusterDim.x;
  return 1;
}

CUresult checkLaunch(const CUlaunchConfig& config, CUkernel kernel, unsigned cluster) {
  if (!config.gridDimX || !config.gridDimY || config.gridDimY > 65535 || config.gridDimX > 0x7FFFFFFF)
    return CUDA_ERROR_INVALID_VALUE;
  if (config.gridDimZ != 1 || config.blockDimY != 1 || config.blockDimZ != 1) return CUDA_ERROR_INVALID_VALUE;
  if (!config.blockDimX || config.blockDimX > 1024) return CUDA_ERROR_INVALID_VALUE;
  if (int(config.blockDimX) > reinterpret_cast<const simt::Entry*>(kernel)->mostThreads)
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  if (config.sharedMemBytes > sharedLimit(kernel)) return CUDA_ERROR_INVALID_VALUE;
  if (cluster == 1) return CUDA_SUCCESS;
  if (!attribute(CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH)) return CUDA_ERROR_NOT_SUPPORTED;
  return cluster > 8 || config.gridDimX % cluster ? CUDA_ERROR_INVALID_CLUSTER_SIZE : CUDA_SUCCESS;
}

}  // namespace

CUresult cuLibraryLoadData(CUlibrary* library, const void* image, CUjit_option*, void**, unsigned, CUlibraryOption*, void**,
                           unsigned) {
  // Kernels are there without an image; but one that is given must be a fat binary.
  if (image && *static_cast<const unsigned*>(image) != 0xBA55ED50) return CUDA_ERROR_INVALID_IMAGE;
  static char only;
  *library = reinterpret_cast<CUlibrary>(&only);
  return CUDA_SUCCESS;
}

CUresult cuLibraryUnload(CUlibrary) { return CUDA_SUCCESS; }

CUresult cuLibraryGetKernel(CUkernel* kernel, CUlibrary, const char* name) {
  const simt::Entry* found = simt::find(name);
  *kernel = reinterpret_cast<CUkernel>(const_cast<simt::Entry*>(found));
  return found ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult cuKernelGetAttribute(int* value, CUfunction_attribute which, CUkernel, CUdevice) {
  if (which != CU_FUNC_ATTRIBUTE_PTX_VERSION) return CUDA_ERROR_INVALID_VALUE;
  *value = 10 * attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  return CUDA_SUCCESS;
}

CUresult cuKernelSetAttribute(CUfunction_attribute which, int value, CUkernel kernel, CUdevice device) {
  if (which != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) return CUDA_ERROR_INVALID_VALUE;
  if (value > attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)) return CUDA_ERROR_INVALID_VALUE;
  const std::lock_guard<std::mutex> guard(lock());
  sharedLimits()[{kernel, device}] = value;
  return CUDA_SUCCESS;
}

CUresult cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function, void** parameters, void**) {
  const unsigned cluster = clusterOf(*config);
  const CUresult result = checkLaunch(*config, reinterpret_cast<CUkernel>(function), cluster);
  if (result != CUDA_SUCCESS) return result;
  Args args;
  std::memcpy(&args, parameters[0], sizeof args);
  const auto& entry = *reinterpret_cast<const simt::Entry*>(function);
  Context& context = *current();
  const CUlaunchConfig at = *config;
  return enqueue(config->hStream, [=, &entry, &context] {
    const char* problem = simt::run(entry, at.gridDimX, at.gridDimY, at.blockDimX, at.sharedMemBytes, cluster, args);
    if (problem) lose(context, CUDA_ERROR_LAUNCH_FAILED, std::string(entry.name) + ": " + problem);
  });
}

}  // namespace rmsnorm::emulated
