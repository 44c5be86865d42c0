#include "addon/timing.h"

#include "addon/driver_of.h"

namespace rmsnorm {

namespace {

CUstream streamOf(napi_env env, napi_value value) { return reinterpret_cast<CUstream>(bigint(env, value, "stream")); }

CUevent eventOf(napi_env env, napi_value value) { return reinterpret_cast<CUevent>(bigint(env, value, "event")); }

/** Makes the context of a stream current while it lives. */
class EnteredByStream {
 public:
  EnteredByStream(const Table& driver, CUstream stream) : cuda(driver) {
    CUcontext context = nullptr;
    check(cuda, cuda.cuStreamGetCtx(stream, &context), "cuStreamGetCtx");
    check(cuda, cuda.cuCtxPushCurrent(context), "cuCtxPushCurrent");
  }
  ~EnteredByStream() { cuda.cuCtxPopCurrent(&previous); }
  EnteredByStream(const EnteredByStream&) = delete;

 private:
  const Table& cuda;
  CUcontext previous = nullptr;
};

}  // namespace

napi_value recordEvent(napi_env env, const Arguments& arguments) {
  const CUstream stream = streamOf(env, arguments.values[0]);
  const Table& cuda = driverOf(env, arguments.values[1]);
  const EnteredByStream entered(cuda, stream);
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
  const CUstream stream = streamOf(env, arguments.values[0]);
  const CUevent from = eventOf(env, arguments.values[1]);
  const CUevent to = eventOf(env, arguments.values[2]);
  const Table& cuda = driverOf(env, arguments.values[3]);
  const EnteredByStream entered(cuda, stream);
  float milliseconds = 0;
  CUresult result = cuda.cuEventSynchronize(to);
  if (result == CUDA_SUCCESS) result = cuda.cuEventElapsedTime(&milliseconds, from, to);
  cuda.cuEventDestroy(from);
  cuda.cuEventDestroy(to);
  check(cuda, result, "cuEventElapsedTime");
  return toNumber(env, milliseconds);
}

}  // namespace rmsnorm
