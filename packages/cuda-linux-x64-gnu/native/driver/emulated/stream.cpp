#include "driver/emulated/stream.h"

#include <chrono>

#include "driver/emulated/functions.h"

namespace rmsnorm::emulated {

namespace {

void work(Stream& stream) {
  std::unique_lock<std::mutex> guard(stream.mutex);
  for (;;) {
    stream.changed.wait(guard, [&] { return stream.ending || !stream.tasks.empty(); });
    if (stream.tasks.empty()) return;
    {
      const Task task = std::move(stream.tasks.front());
      stream.tasks.pop_front();
      guard.unlock();
      task();
    }
    guard.lock();
    stream.finished++;
    stream.changed.raise();
  }
}

CUresult add(CUstream handle, Task task, bool canBeCaptured) {
  const std::shared_ptr<Stream> stream = streamOf(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  const std::lock_guard<std::mutex> guard(stream->mutex);
  if (stream->capture) {
    if (!canBeCaptured) {
      stream->captureInvalid = true;
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    stream->capture->tasks.push_back(std::move(task));
    return CUDA_SUCCESS;
  }
  stream->tasks.push_back(std::move(task));
  stream->added++;
  stream->changed.raise();
  return CUDA_SUCCESS;
}

}  // namespace

Stream::Stream(Context& owner) : context(owner), thread([this] { work(*this); }) {}

std::shared_ptr<Stream> streamOf(CUstream handle) {
  Context* context = current();
  if (!context) return nullptr;
  const std::lock_guard<std::mutex> guard(lock());
  if (handle == CU_STREAM_LEGACY) handle = nullptr;
  const auto found = context->streams.find(handle);
  if (found != context->streams.end()) return found->second;
  return handle ? nullptr : context->streams[nullptr] = std::make_shared<Stream>(*context);
}

CUresult enqueue(CUstream handle, Task task) { return add(handle, std::move(task), true); }

CUresult enqueueUncaptured(CUstream handle, Task task) { return add(handle, std::move(task), false); }

void drain(Stream& stream) {
  std::unique_lock<std::mutex> guard(stream.mutex);
  const unsigned long number = stream.added;
  stream.changed.wait(guard, [&] { return stream.finished >= number; });
}

void destroyStream(const std::shared_ptr<Stream>& stream) {
  {
    const std::lock_guard<std::mutex> guard(stream->mutex);
    stream->ending = true;
    stream->changed.raise();
  }
  stream->thread.join();
  const std::lock_guard<std::mutex> guard(lock());
  auto& streams = stream->context.streams;
  for (auto at = streams.begin(); at != streams.end();) at = at->second == stream ? streams.erase(at) : std::next(at);
}

CUresult cuStreamCreate(CUstream* handle, unsigned) {
  Context* context = current();
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  auto stream = std::make_shared<Stream>(*context);
  *handle = reinterpret_cast<CUstream>(stream.get());
  const std::lock_guard<std::mutex> guard(lock());
  context->streams.emplace(*handle, std::move(stream));
  return CUDA_SUCCESS;
}

CUresult cuStreamDestroy(CUstream handle) {
  const std::shared_ptr<Stream> stream = streamOf(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  destroyStream(stream);
  return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream handle) {
  const std::shared_ptr<Stream> stream = streamOf(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  {
    const std::lock_guard<std::mutex> guard(stream->mutex);
    if (stream->capture) {
      stream->captureInvalid = true;
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
  }
  drain(*stream);
  return lossOfCurrent();
}

CUresult cuStreamGetCtx(CUstream handle, CUcontext* context) {
  const std::shared_ptr<Stream> stream = streamOf(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  *context = reinterpret_cast<CUcontext>(&stream->context);
  return CUDA_SUCCESS;
}

CUresult cuStreamBeginCapture(CUstream handle, CUstreamCaptureMode) {
  const std::shared_ptr<Stream> stream = streamOf(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  if (!handle || handle == CU_STREAM_LEGACY) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  const std::lock_guard<std::mutex> guard(stream->mutex);
  if (stream->capture) return CUDA_ERROR_ILLEGAL_STATE;
  stream->capture = std::make_unique<Graph>();
  stream->captureInvalid = false;
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream handle, CUgraph* graph) {
  const std::shared_ptr<Stream> stream = streamOf(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  const std::lock_guard<std::mutex> guard(stream->mutex);
  if (!stream->capture) return CUDA_ERROR_ILLEGAL_STATE;
  std::unique_ptr<Graph> captured = std::move(stream->capture);
  if (stream->captureInvalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  *graph = reinterpret_cast<CUgraph>(captured.release());
  return CUDA_SUCCESS;
}

CUresult cuGraphInstantiate(CUgraphExec* executable, CUgraph graph, unsigned long long) {
  *executable = reinterpret_cast<CUgraphExec>(new Graph(*reinterpret_cast<Graph*>(graph)));
  return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph graph) {
  delete reinterpret_cast<Graph*>(graph);
  return CUDA_SUCCESS;
}

CUresult cuGraphExecDestroy(CUgraphExec executable) {
  delete reinterpret_cast<Graph*>(executable);
  return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream handle) {
  // A copy: the graph may be destroyed while it runs.
  return enqueueUncaptured(handle, [tasks = reinterpret_cast<Graph*>(executable)->tasks] {
    for (const Task& task : tasks) task();
  });
}

}  // namespace rmsnorm::emulated
