// One thread for each backend that waits for the device, so that JavaScript's thread never does. It ends the session too, as that waits for
// all that is enqueued.
#pragma once

#include <node_api.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "driver/session.h"
#include "driver/signal.h"

namespace rmsnorm {

/** A read that is under way. */
struct Read {
  std::uint64_t ticket = 0;
  Arrival arrival;
  std::size_t bytes = 0;
  /** How many of them are dealt with, by JavaScript's thread. */
  std::size_t copied = 0;
  napi_ref array = nullptr;
  napi_ref done = nullptr;
  std::optional<Failure> failure;
};

class Completion {
 public:
  /** Lives until its session has ended, whether or not it is still held. */
  static std::shared_ptr<Completion> start(napi_env env, std::unique_ptr<Session> session);
  Completion(napi_env itsEnv, std::unique_ptr<Session> itsSession);

  /** The session, while it is open. */
  Session* session() const { return closing ? nullptr : owned.get(); }

  void add(std::shared_ptr<Read> read);
  void cancel(std::uint64_t ticket);
  /** Frees a graph's memory once the event is reached. */
  void addScratch(CUevent event, std::vector<CUdeviceptr> scratch);
  /** Finishes what is under way, then ends the session and calls `done`, which may be null. */
  void close(napi_value done);

 private:
  struct Job {
    /** Null: the read is over, and its memory goes back to the driver. */
    CUevent event = nullptr;
    std::shared_ptr<Read> read;
    std::vector<CUdeviceptr> scratch;
  };

  void push(Job job);
  void work();
  void run(Job& job);
  void handOver(const std::shared_ptr<Read>& read);
  void tell(std::shared_ptr<Read> read);
  void copyPiece(napi_env env, Read& read);
  void takePiece(napi_env env, const std::shared_ptr<Read>& read);
  void keepAlive(int change);
  void finishRead(napi_env env, Read& read);
  void finishClose(napi_env env);
  static void onDelivery(napi_env env, napi_value function, void* context, void* data);
  static void onExit(void* context);

  const napi_env env;
  std::unique_ptr<Session> owned;
  napi_threadsafe_function channel = nullptr;
  std::thread thread;
  std::mutex mutex;
  Signal changed;
  std::deque<Job> jobs;
  /** Reads that JavaScript's thread is copying. */
  std::set<std::shared_ptr<Read>> handed;
  /** No more jobs come. */
  bool ending = false;
  /** JavaScript is gone: nothing is delivered any more. */
  std::atomic<bool> abandoned{false};

  // Of JavaScript's thread alone.
  bool closing = false;
  std::shared_ptr<Completion> self;
  napi_ref closeDone = nullptr;
  int keptAlive = 0;
  std::map<std::uint64_t, std::shared_ptr<Read>> reads;
};

}  // namespace rmsnorm
