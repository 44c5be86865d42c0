// Events. A record is a task of the stream that marks the event as reached.
#include <chrono>
#include <memory>

#include "driver/emulated/functions.h"
#include "driver/emulated/stream.h"

namespace rmsnorm::emulated {

namespace {

struct Event {
  std::mutex mutex;
  Signal changed;
  unsigned long recorded = 0;
  unsigned long reached = 0;
  std::chrono::steady_clock::time_point when;
};

/** A handle is a pointer to one of these: the event outlives it where the stream still has to reach it. */
using Handle = std::shared_ptr<Event>;

Handle eventOf(CUevent handle) { return *reinterpret_cast<Handle*>(handle); }

}  // namespace

CUresult cuEventCreate(CUevent* handle, unsigned) {
  *handle = reinterpret_cast<CUevent>(new Handle(std::make_shared<Event>()));
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy(CUevent handle) {
  delete reinterpret_cast<Handle*>(handle);
  return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent handle, CUstream stream) {
  const Handle event = eventOf(handle);
  const std::lock_guard<std::mutex> guard(event->mutex);
  const unsigned long number = event->recorded + 1;
  const CUresult result = enqueueUncaptured(stream, [event, number] {
    const std::lock_guard<std::mutex> taskGuard(event->mutex);
    event->reached = number;
    event->when = std::chrono::steady_clock::now();
    event->changed.raise();
  });
  if (result == CUDA_SUCCESS) event->recorded = number;
  return result;
}

CUresult cuEventSynchronize(CUevent handle) {
  const Handle event = eventOf(handle);
  std::unique_lock<std::mutex> guard(event->mutex);
  const unsigned long number = event->recorded;
  event->changed.wait(guard, [&] { return event->reached >= number; });
  return lossOfCurrent();
}

CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
  const Handle from = eventOf(start);
  const Handle to = eventOf(end);
  if (from == to) {
    *milliseconds = 0;
    return CUDA_SUCCESS;
  }
  const std::scoped_lock guard(from->mutex, to->mutex);
  if (from->reached < from->recorded || to->reached < to->recorded) return CUDA_ERROR_NOT_READY;
  if (!from->recorded || !to->recorded) return CUDA_ERROR_INVALID_HANDLE;
  *milliseconds = std::chrono::duration<float, std::milli>(to->when - from->when).count();
  return CUDA_SUCCESS;
}

}  // namespace rmsnorm::emulated
