// A stream: a thread that does one task after the other. While it is captured, tasks are kept in a graph instead.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "driver/emulated/context.h"
#include "driver/signal.h"

namespace rmsnorm::emulated {

using Task = std::function<void()>;

struct Graph {
  std::vector<Task> tasks;
};

struct Stream {
  explicit Stream(Context& owner);

  Context& context;
  std::mutex mutex;
  Signal changed;
  std::deque<Task> tasks;
  unsigned long added = 0;
  unsigned long finished = 0;
  bool ending = false;
  /** Being recorded; null: tasks are run. */
  std::unique_ptr<Graph> capture;
  /** Something was called that cannot be captured. */
  bool captureInvalid = false;
  std::thread thread;
};

/** The stream of a handle; null: it is none of the current context's. */
std::shared_ptr<Stream> streamOf(CUstream handle);

/** Runs `task` after what is enqueued, or captures it. */
CUresult enqueue(CUstream handle, Task task);

/** As enqueue, for what cannot be captured: the capture is then invalid. */
CUresult enqueueUncaptured(CUstream handle, Task task);

/** Waits until all is done that was enqueued. */
void drain(Stream& stream);
void destroyStream(const std::shared_ptr<Stream>& stream);

}  // namespace rmsnorm::emulated
