#include "driver/shared_device.h"

#include <map>

namespace rmsnorm {

namespace {

struct Shared {
  std::shared_ptr<SharedDevice> device;
  int users = 0;
};

std::mutex& lock() {
  static std::mutex& only = *new std::mutex;
  return only;
}

/** Devices in use, and those that were lost: a real one stays lost until the process ends. */
std::map<std::pair<const Table*, int>, Shared>& all() {
  static auto& devices = *new std::map<std::pair<const Table*, int>, Shared>;
  return devices;
}

std::shared_ptr<SharedDevice> open(const Table& cuda, int ordinal) {
  check(cuda, cuda.cuInit(0), "cuInit");
  int count = 0;
  check(cuda, cuda.cuDeviceGetCount(&count), "cuDeviceGetCount");
  if (ordinal < 0 || ordinal >= count)
    throw Failure{"INVALID_OPTION", "there is no device " + std::to_string(ordinal) + ": the driver has " +
                                        std::to_string(count) + ", counted from 0"};
  CUdevice handle = 0;
  check(cuda, cuda.cuDeviceGet(&handle, ordinal), "cuDeviceGet");
  auto device = std::make_shared<SharedDevice>(cuda, handle, ordinal);
  check(cuda, cuda.cuDevicePrimaryCtxRetain(&device->context, handle), "cuDevicePrimaryCtxRetain");
  return device;
}

}  // namespace

SharedDevice::SharedDevice(const Table& driver, CUdevice handle, int number)
    : cuda(driver), device(handle), ordinal(number) {}

void SharedDevice::lose(const std::string& why) {
  const std::lock_guard<std::mutex> guard(mutex);
  if (lost.exchange(true)) return;
  because = why;
}

std::string SharedDevice::reason() {
  const std::lock_guard<std::mutex> guard(mutex);
  return because;
}

std::string SharedDevice::name() const {
  char text[256] = "";
  check(cuda, cuda.cuDeviceGetName(text, sizeof text, device), "cuDeviceGetName");
  return text;
}

int SharedDevice::attribute(CUdevice_attribute which) const {
  int value = 0;
  check(cuda, cuda.cuDeviceGetAttribute(&value, which, device), "cuDeviceGetAttribute");
  return value;
}

Device SharedDevice::limits() const {
  Device limits;
  limits.major = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  limits.minor = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  limits.multiprocessors = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  limits.sharedPerBlock = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  limits.clusterBlocks = limits.major >= 9 && attribute(CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH) ? 8 : 1;
  return limits;
}

void SharedDevice::allowShared(CUkernel kernel, unsigned bytes) {
  const std::lock_guard<std::mutex> guard(mutex);
  unsigned& most = allowed[kernel];
  if (bytes <= most) return;
  const CUresult result =
      cuda.cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, int(bytes), kernel, device);
  if (result != CUDA_SUCCESS) fail(cuda, result, "cuKernelSetAttribute", std::to_string(bytes) + " bytes of shared memory");
  most = bytes;
}

std::shared_ptr<SharedDevice> retain(const Table& cuda, int ordinal) {
  const std::lock_guard<std::mutex> guard(lock());
  Shared& shared = all()[{&cuda, ordinal}];
  if (shared.device && shared.device->isLost())
    throw Failure{"DEVICE_LOST", "device " + std::to_string(ordinal) +
                                     " was lost to this process, which must be started again: " + shared.device->reason()};
  if (!shared.device) shared.device = open(cuda, ordinal);
  shared.users++;
  return shared.device;
}

void release(const std::shared_ptr<SharedDevice>& device) {
  const std::lock_guard<std::mutex> guard(lock());
  const auto found = all().find({&device->cuda, device->ordinal});
  if (--found->second.users > 0) return;
  device->cuda.cuDevicePrimaryCtxRelease(device->device);
  if (!device->isLost() || device->cuda.emulated) all().erase(found);
}

}  // namespace rmsnorm
