// Fibers: stacks that one host thread switches between. Saving the registers that a call must keep takes some 2 ns; ucontext takes 4 us,
// as it asks the system about signals.
#pragma once

#include <cstddef>

namespace rmsnorm::simt {

class Stack {
 public:
  Stack();
  ~Stack();
  Stack(const Stack&) = delete;

  /** What switchTo continues from: the beginning of `function`, which must not return. */
  void* begin(void (*function)());

 private:
  unsigned char* memory_;
};

extern "C" {
/** Keeps where it is in `*from`, and goes on at `to`. */
void rmsnorm_switch(void** from, void* to);
}

}  // namespace rmsnorm::simt
