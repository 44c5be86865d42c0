#include "addon/timing.h"

#include <map>

#include "addon/driver_of.h"
#include "driver/shared_device.h"

namespace rmsnorm {

namespace {

/** A device that stays open while an event on it is used. */
struct RecordedEvent {
  std::shared_ptr<SharedDevice> device;
  CUevent event = nullptr;
};

/** Of all threads: what JavaScript gives back may be anything, and the driver would take it for an event. */
class RecordedEvents {
 public:
  std::uint64_t add(const RecordedEvent& event) {
    const std::lock_guard<std::mutex> guard(mutex);
    events.emplace(next, event);
    return next++;
  }

  /** Takes both out. */
  std::pair<RecordedEvent, RecordedEvent> take(std::uint64_t from, std::uint64_t to) {
    const std::lock_guard<std::mutex> guard(mutex);
    const auto start = events.find(from);
    const auto end = events.find(to);
    if (start == events.end() || end == events.end() || start == end || start->second.device != end->second.device)
      refuse("elapsed takes two events of one device, each once; it got " + std::to_string(from) + " and " + std::to_string(to));
    const std::pair<RecordedEvent, RecordedEvent> both{start->second, end->second};
    events.erase(start);
    events.erase(end);
    return both;
  }

 private:
  std::mutex mutex;
  std::map<std::uint64_t, RecordedEvent> events;
  std::uint64_t next = 1;
};

RecordedEvents& recorded() {
  static auto& all = *new RecordedEvents;
  return all;
}

CUevent record(const SharedDevice& device, CUstream stream) {
  const Entered entered(device);
  const Table& cuda = device.cuda;
  CUevent event = nullptr;
  check(cuda, cuda.cuEventCreate(&event, CU_EVENT_DEFAULT), "cuEventCreate");
  const CUresult result = cuda.cuEventRecord(event, stream);
  if (result == CUDA_SUCCESS) return event;
  cuda.cuEventDestroy(event);
  fail(cuda, result, "cuEventRecord");
}

}  // namespace

napi_value recordEvent(napi_env env, const Arguments& arguments) {
  const auto stream = reinterpret_cast<CUstream>(bigint(env, arguments.values[0], "stream"));
  const int ordinal = wholeInt(env, arguments.values[1], "device");
  const auto device = retain(driverOf(env, arguments.values[2]), ordinal);
  try {
    return toBigint(env, recorded().add({device, record(*device, stream)}));
  } catch (...) {
    release(device);
    throw;
  }
}

napi_value elapsed(napi_env env, const Arguments& arguments) {
  const std::uint64_t from = bigint(env, arguments.values[0], "from");
  const auto [start, end] = recorded().take(from, bigint(env, arguments.values[1], "to"));
  const Table& cuda = start.device->cuda;
  float milliseconds = 0;
  cuda.cuCtxPushCurrent(start.device->context);
  CUresult result = cuda.cuEventSynchronize(end.event);
  if (result == CUDA_SUCCESS) result = cuda.cuEventElapsedTime(&milliseconds, start.event, end.event);
  cuda.cuEventDestroy(start.event);
  cuda.cuEventDestroy(end.event);
  CUcontext left = nullptr;
  cuda.cuCtxPopCurrent(&left);
  release(start.device);
  release(end.device);
  check(cuda, result, "cuEventElapsedTime");
  return toNumber(env, milliseconds);
}

}  // namespace rmsnorm
