// A device and its primary context, which all backends of the process share: what loses it for one loses it for all.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "driver/failure.h"
#include "plan/device.h"

namespace rmsnorm {

class SharedDevice {
 public:
  SharedDevice(const Table& driver, CUdevice handle, int number);

  const Table& cuda;
  const CUdevice device;
  const int ordinal;
  CUcontext context = nullptr;

  bool isLost() const { return lost.load(std::memory_order_relaxed); }
  /** The first reason stays. */
  void lose(const std::string& why);
  std::string reason();

  std::string name() const;
  int attribute(CUdevice_attribute which) const;
  Device limits() const;
  /** Lets a kernel have `bytes` of shared memory; a kernel is one for all backends of the device. */
  void allowShared(CUkernel kernel, unsigned bytes);

 private:
  std::atomic<bool> lost{false};
  std::mutex mutex;
  std::string because;
  std::unordered_map<CUkernel, unsigned> allowed;
};

/** Retains the primary context. Throws DEVICE_LOST where an earlier backend lost it, INVALID_OPTION where there is no such device. */
std::shared_ptr<SharedDevice> retain(const Table& cuda, int ordinal);
void release(const std::shared_ptr<SharedDevice>& device);

/** Makes a device's context current while it lives: the thread may be another library's too. */
class Entered {
 public:
  explicit Entered(const SharedDevice& device) : cuda(device.cuda) {
    check(cuda, cuda.cuCtxPushCurrent(device.context), "cuCtxPushCurrent");
  }
  ~Entered() { cuda.cuCtxPopCurrent(&previous); }
  Entered(const Entered&) = delete;

 private:
  const Table& cuda;
  CUcontext previous = nullptr;
};

}  // namespace rmsnorm
