#include "addon/completion.h"

#include "addon/values.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace rmsnorm {

namespace {

/** How much is copied in one turn of the event loop: about a millisecond's worth. */
constexpr std::size_t piece = 4 << 20;
constexpr std::chrono::microseconds betweenPieces(200);

/** The process ends, by process.exit perhaps: its threads go on for a while, and must leave JavaScript and the driver alone. */
std::atomic<bool>& exiting() {
  static std::atomic<bool> flag{false};
  return flag;
}

void noticeExit() {
  static const int registered = std::atexit([] { exiting() = true; });
  (void)registered;
}

}  // namespace

Completion::Completion(napi_env itsEnv, std::unique_ptr<Session> itsSession) : env(itsEnv), owned(std::move(itsSession)) {
  noticeExit();
  napi_value name = nullptr;
  napi_create_string_utf8(env, "rmsnorm-cuda", NAPI_AUTO_LENGTH, &name);
  const napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, onDelivery, &channel);
  if (status != napi_ok) {
    owned->end();
    throw Failure{"DEVICE_ERROR", "napi_create_threadsafe_function failed: " + std::to_string(status)};
  }
  // An idle backend does not keep the process alive.
  napi_unref_threadsafe_function(env, channel);
  // After the channel's own hook, so that this one comes first: hooks run in reverse.
  napi_add_env_cleanup_hook(env, onExit, this);
  thread = std::thread([this] { work(); });
}

std::shared_ptr<Completion> Completion::start(napi_env env, std::unique_ptr<Session> session) {
  auto made = std::make_shared<Completion>(env, std::move(session));
  made->self = made;
  return made;
}

void Completion::push(Job job) {
  const std::lock_guard<std::mutex> guard(mutex);
  jobs.push_back(std::move(job));
  changed.raise();
}

void Completion::keepAlive(int change) {
  keptAlive += change;
  if (change > 0 && keptAlive == change) napi_ref_threadsafe_function(env, channel);
  if (keptAlive == 0) napi_unref_threadsafe_function(env, channel);
}

void Completion::add(std::shared_ptr<Read> read) {
  keepAlive(1);
  reads.emplace(read->ticket, read);
  const CUevent event = read->arrival.event;
  push({event, std::move(read), {}});
}

void Completion::cancel(std::uint64_t ticket) {
  const auto found = reads.find(ticket);
  if (found == reads.end()) return;
  Read& read = *found->second;
  napi_delete_reference(env, read.array);
  napi_delete_reference(env, read.done);
  reads.erase(found);
  keepAlive(-1);
}

void Completion::addScratch(CUevent event, std::vector<CUdeviceptr> scratch) { push({event, nullptr, std::move(scratch)}); }

void Completion::close(napi_value done) {
  if (done) napi_create_reference(env, done, 1, &closeDone);
  if (done) keepAlive(1);
  closing = true;
  const std::lock_guard<std::mutex> guard(mutex);
  ending = true;
  changed.raise();
}

void Completion::work() {
  Session& session = *owned;
  session.enterThread();
  for (;;) {
    Job job;
    {
      std::unique_lock<std::mutex> guard(mutex);
      changed.wait(guard, [&] { return abandoned || !jobs.empty() || (ending && handed.empty()); });
      if (jobs.empty() || abandoned) break;
      job = std::move(jobs.front());
      jobs.pop_front();
    }
    run(job);
    if (exiting()) return;
  }
  // Of an environment that is gone.
  for (Job& job : jobs)
    if (job.read) session.give(job.read->arrival);
  for (const auto& read : handed) session.give(read->arrival);
  session.leaveThread();
  session.end();
  tell(nullptr);
}

void Completion::run(Job& job) {
  Session& session = *owned;
  if (!job.event) return session.give(job.read->arrival);
  std::optional<Failure> failure = session.wait(job.event);
  session.give(job.event);
  if (!job.read) return session.freeScratch(job.scratch);
  job.read->arrival.event = nullptr;
  job.read->failure = std::move(failure);
  handOver(job.read);
}

/** Lets JavaScript's thread copy a read, piece by piece: its event loop goes on between them. */
void Completion::handOver(const std::shared_ptr<Read>& read) {
  std::unique_lock<std::mutex> guard(mutex);
  handed.insert(read);
  for (std::size_t end = piece;; end += piece) {
    tell(read);
    if (end >= read->bytes) return;
    changed.wait(guard, [&] { return abandoned || read->copied >= end; });
    if (abandoned || read->copied >= read->bytes) return;
    // Told of at once, Node would take it in the same turn of its loop.
    guard.unlock();
    std::this_thread::sleep_for(betweenPieces);
    guard.lock();
  }
}

/** Hands a read, or null for the end, to JavaScript's thread. */
void Completion::tell(std::shared_ptr<Read> read) {
  if (abandoned || exiting()) return;
  auto* message = new std::shared_ptr<Read>(std::move(read));
  if (napi_call_threadsafe_function(channel, message, napi_tsfn_nonblocking) != napi_ok) delete message;
}

void Completion::onDelivery(napi_env env, napi_value, void* context, void* data) {
  const std::unique_ptr<std::shared_ptr<Read>> message(static_cast<std::shared_ptr<Read>*>(data));
  if (!env) return;
  auto* completion = static_cast<Completion*>(context);
  if (*message) completion->takePiece(env, *message);
  else completion->finishClose(env);
}

namespace {

/** Calls a function that a reference holds, and gives the reference up. */
void callOnce(napi_env env, napi_ref reference, std::size_t count, const napi_value* arguments) {
  napi_value function = nullptr;
  napi_value undefined = nullptr;
  napi_get_reference_value(env, reference, &function);
  napi_delete_reference(env, reference);
  napi_get_undefined(env, &undefined);
  if (napi_call_function(env, undefined, function, count, arguments, nullptr) != napi_pending_exception) return;
  // Node would only warn of what is thrown here.
  napi_value thrown = nullptr;
  napi_get_and_clear_last_exception(env, &thrown);
  napi_fatal_exception(env, thrown);
}

}  // namespace

/** Into the array as it is now: it may have been transferred or shrunk meanwhile. */
void Completion::copyPiece(napi_env itsEnv, Read& read) {
  napi_value array = nullptr;
  napi_get_reference_value(itsEnv, read.array, &array);
  const Bytes into = bytesOf(itsEnv, array, "into");
  if (into.size < read.bytes) {
    read.failure = Failure{"INVALID_OPTION", "the array to read " + std::to_string(read.bytes) + " bytes into has " +
                                                 std::to_string(into.size) + " by now: it was transferred or shrunk"};
    return;
  }
  const auto* from = static_cast<const unsigned char*>(read.arrival.block.memory);
  const std::size_t bytes = std::min(piece, read.bytes - read.copied);
  if (bytes > 0) std::memcpy(into.data + read.copied, from + read.copied, bytes);
}

void Completion::takePiece(napi_env itsEnv, const std::shared_ptr<Read>& read) {
  const bool cancelled = reads.count(read->ticket) == 0;
  if (!cancelled && !read->failure) copyPiece(itsEnv, *read);
  {
    const std::lock_guard<std::mutex> guard(mutex);
    read->copied = cancelled || read->failure ? read->bytes : std::min(read->copied + piece, read->bytes);
    changed.raise();
    if (read->copied < read->bytes) return;
    handed.erase(read);
    if (!owned->keep(read->arrival.block)) jobs.push_back({nullptr, read, {}});
  }
  if (!cancelled) finishRead(itsEnv, *read);
}

void Completion::finishRead(napi_env itsEnv, Read& read) {
  reads.erase(read.ticket);
  keepAlive(-1);
  napi_delete_reference(itsEnv, read.array);
  napi_value error = nullptr;
  if (read.failure) error = toError(itsEnv, *read.failure);
  else napi_get_null(itsEnv, &error);
  callOnce(itsEnv, read.done, 1, &error);
}

void Completion::finishClose(napi_env itsEnv) {
  const std::shared_ptr<Completion> last = std::move(self);
  thread.join();
  owned.reset();
  napi_remove_env_cleanup_hook(itsEnv, onExit, this);
  if (closeDone) keepAlive(-1);
  napi_release_threadsafe_function(channel, napi_tsfn_release);
  if (closeDone) callOnce(itsEnv, closeDone, 0, nullptr);
}

/** The environment goes, perhaps in the middle of work: nothing is delivered any more, and the thread ends before this returns. */
void Completion::onExit(void* context) {
  const std::shared_ptr<Completion> last = std::move(static_cast<Completion*>(context)->self);
  last->closing = true;
  {
    const std::lock_guard<std::mutex> guard(last->mutex);
    last->abandoned = true;
    last->ending = true;
    last->changed.raise();
  }
  last->thread.join();
  last->owned.reset();
}

}  // namespace rmsnorm
