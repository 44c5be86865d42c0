// The compiled kernels, found by name.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "driver/shared_device.h"
#include "plan/choose.h"

namespace rmsnorm {

/** A fat binary that is loaded. */
struct Library {
  const char* name;
  CUlibrary handle;
};

class Kernels {
 public:
  explicit Kernels(SharedDevice& itsDevice);
  /**
   * Whether the code that the driver chose knows clusters: PTX for older devices, compiled for a newer one, does not.
   */
  bool knowClusters();
  /** Enqueues one kernel. */
  void launch(const Launch& launch, CUstream stream);

 private:
  struct Kernel {
    CUkernel handle;
    /** Bytes of shared memory that it may have. */
    unsigned shared;
  };
  Kernel& find(const char* name);
  CUkernel load(const char* name);
  CUkernel lookUp(const Library& library, const char* name);

  SharedDevice& device;
  const Table& cuda;
  const std::vector<Library>& libraries;
  /** By the address of the name, which is always that of one literal. */
  std::unordered_map<const char*, Kernel> kernels;
};

}  // namespace rmsnorm
