#include "addon/timing.h"

#include "addon/driver_of.h"
#include "driver/shared_device.h"

namespace rmsnorm {

namespace {

CUstream streamOf(napi_env env, napi_value value) { return reinterpret_cast<CUstream>(bigint(env, value, "stream")); }

CUevent eventOf(napi_env env, napi_value value) { return reinterpret_cast<CUevent>(bigint(env, value, "event")); }

/** Makes the context of a device current while it lives; backends on it are open meanwhile. */
class EnteredDevice {
 public:
  EnteredDevice(napi_env env, napi_value ordinal, napi_value emulated)
      : device(retain(driverOf(env, emulated), int(wholeNumber(env, ordinal, "device") & 0x7FFFFFFF))), entered(*device) {}
  ~EnteredDevice() { release(device); }
  const Table& driver() const { return device->cuda; }

 private:
  const std::shared_ptr<SharedDevice> device;
  const Entered entered;
};

}  // namespace

napi_value recordEvent(napi_env env, const Arguments& arguments) {
  const CUstream stream = streamOf(env, arguments.values[0]);
  const EnteredDevice device(env, arguments.values[1], arguments.values[2]);
  const Table& cuda = device.driver();
  CUevent event = nullptr;
  check(cuda, cuda.cuEventCreate(&event, CU_EVENT_DEFAULT), "cuEventCreate");
  const CUresult result = cuda.cuEventRecord(event, stream);
  if (result != CUDA_SUCCESS) {
    cuda.cuEventDestroy(event);
    fail(cuda, result, "cuEventRecord");
  }
  return toBigint(env, reinterpret_cast<std::uint64_t>(event));
}

napi_value elapsed(napi_env env, const Arguments& arguments) {
  const CUevent from = eventOf(env, arguments.values[0]);
  const CUevent to = eventOf(env, arguments.values[1]);
  const EnteredDevice device(env, arguments.values[2], arguments.values[3]);
  const Table& cuda = device.driver();
  float milliseconds = 0;
  CUresult result = cuda.cuEventSynchronize(to);
  if (result == CUDA_SUCCESS) result = cuda.cuEventElapsedTime(&milliseconds, from, to);
  cuda.cuEventDestroy(from);
  cuda.cuEventDestroy(to);
  check(cuda, result, "cuEventElapsedTime");
  return toNumber(env, milliseconds);
}

}  // namespace rmsnorm
