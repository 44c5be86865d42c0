// Tells ThreadSanitizer of the fibers, and of what orders them: barriers, and the beginning and the end of a grid. An exchange between
// lanes orders nothing, as on a GPU, and neither does one block another. Without ThreadSanitizer nothing is done.
//
// The host device itself must not be instrumented: only kernels are (RMSNORM_RACES says that they are).
#pragma once

#ifdef RMSNORM_RACES
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif

namespace rmsnorm::simt::race {

#ifdef RMSNORM_RACES

constexpr bool kWatched = true;
inline void* current() { return __tsan_get_current_fiber(); }
inline void* create() { return __tsan_create_fiber(0); }
inline void destroy(void* fiber) { __tsan_destroy_fiber(fiber); }
/** 1: going from fiber to fiber is no order between them. */
inline void switchTo(void* fiber) { __tsan_switch_to_fiber(fiber, 1); }
inline void acquire(void* address) { __tsan_acquire(address); }
inline void release(void* address) { __tsan_release(address); }

#else

constexpr bool kWatched = false;
inline void* current() { return nullptr; }
inline void* create() { return nullptr; }
inline void destroy(void*) {}
inline void switchTo(void*) {}
inline void acquire(void*) {}
inline void release(void*) {}

#endif

}  // namespace rmsnorm::simt::race
