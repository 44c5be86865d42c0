#include "driver/kernels.h"

#include <cstring>
#include <mutex>

#include "driver/fatbins.h"
#include "plan/kernel_names.h"

namespace rmsnorm {

namespace {

constexpr unsigned sharedWithoutAsking = 48 * 1024;

/** The fat binaries as libraries of the driver, loaded once for each driver. The emulated one has its kernels without them. */
const std::vector<Library>& loaded(const Table& cuda) {
  static std::mutex& mutex = *new std::mutex;
  static auto& all = *new std::unordered_map<const Table*, std::vector<Library>>;
  const std::lock_guard<std::mutex> guard(mutex);
  std::vector<Library>& libraries = all[&cuda];
  const int count = cuda.emulated ? 1 : fatbinCount();
  while (int(libraries.size()) < count) {
    CUlibrary library = nullptr;
    const Fatbin fatbin = cuda.emulated ? Fatbin{"", nullptr} : fatbins()[libraries.size()];
    const CUresult result = cuda.cuLibraryLoadData(&library, fatbin.image, nullptr, nullptr, 0, nullptr, nullptr, 0);
    check(cuda, result, "cuLibraryLoadData");
    libraries.push_back({fatbin.name, library});
  }
  return libraries;
}

}  // namespace

Kernels::Kernels(SharedDevice& itsDevice) : device(itsDevice), cuda(device.cuda), libraries(loaded(device.cuda)) {}

/** Null: it is not there. */
CUkernel Kernels::lookUp(const Library& library, const char* name) {
  CUkernel handle = nullptr;
  const CUresult result = cuda.cuLibraryGetKernel(&handle, library.handle, name);
  if (result == CUDA_ERROR_NOT_FOUND) return nullptr;
  if (result != CUDA_SUCCESS) fail(cuda, result, "cuLibraryGetKernel", name);
  return handle;
}

CUkernel Kernels::load(const char* name) {
  // A look into a library may compile all of its PTX: first into the one that should have it.
  const auto hasPrefix = [&](const Library& library) { return !std::strncmp(name, library.name, std::strlen(library.name)); };
  for (const bool likely : {true, false})
    for (const Library& library : libraries)
      if (hasPrefix(library) == likely)
        if (const CUkernel handle = lookUp(library, name)) return handle;
  fail(cuda, CUDA_ERROR_NOT_FOUND, "cuLibraryGetKernel", std::string("there is no kernel ") + name);
}

Kernels::Kernel& Kernels::find(const char* name) {
  const auto found = kernels.find(name);
  if (found != kernels.end()) return found->second;
  return kernels.emplace(name, Kernel{load(name), sharedWithoutAsking}).first->second;
}

bool Kernels::knowClusters() {
  int version = 0;
  const CUkernel wide = find(kernelName(Kind::forward, Step::wide, DType::float32)).handle;
  const CUresult result = cuda.cuKernelGetAttribute(&version, CU_FUNC_ATTRIBUTE_PTX_VERSION, wide, device.device);
  if (result != CUDA_SUCCESS) fail(cuda, result, "cuKernelGetAttribute");
  return version >= 90;
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
