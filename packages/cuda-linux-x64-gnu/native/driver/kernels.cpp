#include "driver/kernels.h"

#include <mutex>

#include "driver/fatbins.h"

namespace rmsnorm {

namespace {

constexpr unsigned sharedWithoutAsking = 48 * 1024;

/** The fat binaries as libraries of the driver, loaded once for each driver. The emulated one has its kernels without them. */
const std::vector<CUlibrary>& loaded(const Table& cuda) {
  static std::mutex& mutex = *new std::mutex;
  static auto& all = *new std::unordered_map<const Table*, std::vector<CUlibrary>>;
  const std::lock_guard<std::mutex> guard(mutex);
  std::vector<CUlibrary>& libraries = all[&cuda];
  const int count = cuda.emulated ? 1 : fatbinCount();
  while (int(libraries.size()) < count) {
    CUlibrary library = nullptr;
    const void* image = cuda.emulated ? nullptr : fatbins()[libraries.size()];
    check(cuda, cuda.cuLibraryLoadData(&library, image, nullptr, nullptr, 0, nullptr, nullptr, 0), "cuLibraryLoadData");
    libraries.push_back(library);
  }
  return libraries;
}

}  // namespace

Kernels::Kernels(SharedDevice& itsDevice) : device(itsDevice), cuda(device.cuda), libraries(loaded(device.cuda)) {}

CUkernel Kernels::load(const char* name) {
  for (const CUlibrary library : libraries) {
    CUkernel handle = nullptr;
    const CUresult result = cuda.cuLibraryGetKernel(&handle, library, name);
    if (result == CUDA_SUCCESS) return handle;
    if (result != CUDA_ERROR_NOT_FOUND) fail(cuda, result, "cuLibraryGetKernel", name);
  }
  fail(cuda, CUDA_ERROR_NOT_FOUND, "cuLibraryGetKernel", std::string("there is no kernel ") + name);
}

Kernels::Kernel& Kernels::find(const char* name) {
  const auto found = kernels.find(name);
  if (found != kernels.end()) return found->second;
  return kernels.emplace(name, Kernel{load(name), sharedWithoutAsking}).first->second;
}

void Kernels::launch(const Launch& launch, CUstream stream) {
  Kernel& kernel = find(launch.kernel);
  if (launch.sharedBytes > kernel.shared) {
    device.allowShared(kernel.handle, launch.sharedBytes);
    kernel.shared = launch.sharedBytes;
  }
  CUlaunchAttribute cluster = {};
  cluster.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  cluster.value.clusterDim.x = launch.cluster;
  cluster.value.clusterDim.y = 1;
  cluster.value.clusterDim.z = 1;
  CUlaunchConfig config = {};
  config.gridDimX = launch.gridX;
  config.gridDimY = launch.gridY;
  config.gridDimZ = 1;
  config.blockDimX = launch.threads;
  config.blockDimY = 1;
  config.blockDimZ = 1;
  config.sharedMemBytes = launch.sharedBytes;
  config.hStream = stream;
  config.attrs = &cluster;
  config.numAttrs = launch.cluster > 1 ? 1 : 0;
  void* parameters[] = {const_cast<Args*>(&launch.args)};
  const CUresult result = cuda.cuLaunchKernelEx(&config, CUfunction(kernel.handle), parameters, nullptr);
  if (result != CUDA_SUCCESS) fail(cuda, result, "cuLaunchKernelEx");
}

}  // namespace rmsnorm
