// Waiting for something that another thread does. std::condition_variable would need the libstdc++ of GCC 12.
#pragma once

#include <pthread.h>

#include <mutex>

namespace rmsnorm {

class Signal {
 public:
  Signal() = default;
  ~Signal() { pthread_cond_destroy(&condition); }
  Signal(const Signal&) = delete;

  void raise() { pthread_cond_broadcast(&condition); }

  /** Until `holds()`, with the lock held whenever it is asked. */
  template <class Holds>
  void wait(std::unique_lock<std::mutex>& lock, Holds holds) {
    while (!holds()) pthread_cond_wait(&condition, lock.mutex()->native_handle());
  }

 private:
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
};

}  // namespace rmsnorm
