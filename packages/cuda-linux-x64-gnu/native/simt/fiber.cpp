#include "fiber.h"

#include <cstdint>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace rmsnorm::simt {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kBytes = 128 * 1024;
#else
constexpr std::size_t kBytes = 32 * 1024;
#endif

}  // namespace

Stack::Stack() : memory_(static_cast<unsigned char*>(std::malloc(kBytes))) {
  if (memory_ == nullptr) std::abort();
}

Stack::~Stack() { std::free(memory_); }

void* Stack::begin(void (*function)()) {
#if defined(__SANITIZE_ADDRESS__)
  // The fiber before on this stack never returned from its functions.
  ASAN_UNPOISON_MEMORY_REGION(memory_, kBytes);
#endif
  auto top = (reinterpret_cast<std::uintptr_t>(memory_) + kBytes) & ~std::uintptr_t(15);
  auto* sp = reinterpret_cast<void**>(top);
  *--sp = nullptr;                                 // so that the stack is aligned as after a call
  *--sp = reinterpret_cast<void*>(function);       // where rmsnorm_switch returns to
  for (int i = 0; i < 6; i++) *--sp = nullptr;     // the registers that it takes off
  return sp;
}

}  // namespace rmsnorm::simt

asm(R"(
.text
.globl rmsnorm_switch
.hidden rmsnorm_switch
.type rmsnorm_switch, @function
rmsnorm_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size rmsnorm_switch, .-rmsnorm_switch
)");
