// A libcuda.so.1 that is the emulated device under the driver's names: what calls a real driver is tested with it.
#include "driver/emulated/emulated.h"

#define TEXT_OF(name) #name
#define VERSIONED(name) TEXT_OF(name)

extern "C" {
#define FUNCTION(name) __attribute__((visibility("hidden"), used)) void* slot_##name;
#include "driver/functions.def"
#undef FUNCTION
}

#define FUNCTION(name)                                                           \
  asm(".text\n.globl " VERSIONED(name) "\n.type " VERSIONED(name) ",@function\n" \
      VERSIONED(name) ": jmp *slot_" #name "(%rip)\n.previous");
#include "driver/functions.def"
#undef FUNCTION

#ifdef OLD_PTX
/** As where the driver compiled PTX for an older device. */
static CUresult oldPtx(int* version, CUfunction_attribute, CUkernel, CUdevice) {
  *version = 75;
  return CUDA_SUCCESS;
}
#endif

#ifdef BROKEN_DEVICE
static CUresult noSecond(CUdevice* device, int ordinal) {
  *device = ordinal;
  return ordinal == 1 ? CUDA_ERROR_DEVICE_UNAVAILABLE : CUDA_SUCCESS;
}
#endif

__attribute__((constructor)) static void fill() {
  const rmsnorm::Table& table = rmsnorm::emulated::table(rmsnorm::emulated::Arch::sm90);
#define FUNCTION(name) slot_##name = reinterpret_cast<void*>(table.name);
#include "driver/functions.def"
#undef FUNCTION
#ifdef BROKEN_DEVICE
  slot_cuDeviceGet = reinterpret_cast<void*>(noSecond);
#endif
#ifdef OLD_PTX
  slot_cuKernelGetAttribute = reinterpret_cast<void*>(oldPtx);
#endif
}
