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
    const Task task = std::move(stream.tasks.front());
    stream.tasks.pop_front();
    stream.busy = true;
    guard.unlock();
    task();
    guard.lock();
    stream.busy = false;
    stream.changed.notify_all();
  }
}

CUresult add(CUstream handle, Task task, bool canBeCaptured) {
  Stream* stream = streamOf(handle);
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
  stream->changed.notify_all();
  return CUDA_SUCCESS;
}

}  // namespace

Stream::Stream(Context& owner) : context(owner), thread([this] { work(*this); }) {}

Stream* streamOf(CUstream handle) {
  Context* context = current();
  if (!context) return nullptr;
  const std::lock_guard<std::mutex> guard(lock());
  if (!handle || handle == CU_STREAM_LEGACY) {
    if (!context->defaultStream) context->streams.insert(context->defaultStream = new Stream(*context));
    return context->defaultStream;
  }
  Stream* stream = reinterpret_cast<Stream*>(handle);
  return context->streams.count(stream) ? stream : nullptr;
}

CUresult enqueue(CUstream handle, Task task) { return add(handle, std::move(task), true); }

CUresult enqueueUncaptured(CUstream handle, Task task) { return add(handle, std::move(task), false); }

void drain(Stream& stream) {
  std::unique_lock<std::mutex> guard(stream.mutex);
  stream.changed.wait(guard, [&] { return stream.tasks.empty() && !stream.busy; });
}

void destroyStream(Stream* stream) {
  {
    const std::lock_guard<std::mutex> guard(lock());
    stream->context.streams.erase(stream);
    if (stream->context.defaultStream == stream) stream->context.defaultStream = nullptr;
  }
  {
    const std::lock_guard<std::mutex> guard(stream->mutex);
    stream->ending = true;
    stream->changed.notify_all();
  }
  stream->thread.join();
  delete stream;
}

CUresult cuStreamCreate(CUstream* handle, unsigned) {
  Context* context = current();
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  Stream* stream = new Stream(*context);
  const std::lock_guard<std::mutex> guard(lock());
  context->streams.insert(stream);
  *handle = reinterpret_cast<CUstream>(stream);
  return CUDA_SUCCESS;
}

CUresult cuStreamDestroy(CUstream handle) {
  Stream* stream = streamOf(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  destroyStream(stream);
  return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream handle) {
  Stream* stream = streamOf(handle);
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
  Stream* stream = streamOf(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  *context = reinterpret_cast<CUcontext>(&stream->context);
  return CUDA_SUCCESS;
}

CUresult cuStreamBeginCapture(CUstream handle, CUstreamCaptureMode) {
  Stream* stream = streamOf(handle);
  if (!stream) return CUDA_ERROR_INVALID_HANDLE;
  if (!handle || handle == CU_STREAM_LEGACY) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  const std::lock_guard<std::mutex> guard(stream->mutex);
  if (stream->capture) return CUDA_ERROR_ILLEGAL_STATE;
  stream->capture = std::make_unique<Graph>();
  stream->captureInvalid = false;
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream handle, CUgraph* graph) {
  Stream* stream = streamOf(handle);
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
