#include <atomic>

#include "driver/emulated/context.h"
#include "driver/emulated/emulated.h"
#include "driver/emulated/functions.h"
#include "driver/failure.h"

namespace rmsnorm::emulated {

namespace {

enum Index {
#define FUNCTION(name) Index_##name,
#include "driver/functions.def"
#undef FUNCTION
  functionCount
};

const char* const kNames[] = {
#define FUNCTION(name) #name,
#include "driver/functions.def"
#undef FUNCTION
};

struct Fault {
  /** Calls until it strikes; negative: never. */
  std::atomic<long> callsLeft{-1};
  std::atomic<CUresult> result{CUDA_SUCCESS};
};

Fault& faultOf(int index) {
  static Fault faults[functionCount];
  return faults[index];
}

/** The functions that a real driver answers although the context is lost. */
bool worksWhenLost(int index) {
  switch (index) {
    case Index_cuInit:
    case Index_cuDriverGetVersion:
    case Index_cuGetErrorName:
    case Index_cuDeviceGetCount:
    case Index_cuDeviceGet:
    case Index_cuDeviceGetName:
    case Index_cuDeviceTotalMem:
    case Index_cuDeviceGetAttribute:
    case Index_cuDevicePrimaryCtxRetain:
    case Index_cuDevicePrimaryCtxRelease:
    case Index_cuCtxPushCurrent:
    case Index_cuCtxPopCurrent:
      return true;
    default:
      return false;
  }
}

CUresult struck(int index) {
  Fault& fault = faultOf(index);
  if (fault.callsLeft.load() < 0 || fault.callsLeft.fetch_sub(1) != 0) return CUDA_SUCCESS;
  const CUresult result = fault.result.load();
  if (isSticky(result) && current()) lose(*current(), result, "");
  return result;
}

template <int index, auto function>
struct Entry;

template <int index, class... Arguments, CUresult (*function)(Arguments...)>
struct Entry<index, function> {
  static CUresult call(Arguments... arguments) {
    if (const CUresult fault = struck(index)) return fault;
    if (!worksWhenLost(index))
      if (const CUresult lost = lossOfCurrent()) return lost;
    return function(arguments...);
  }
};

CUresult deviceOfSm80(CUdevice* device, int ordinal) { return deviceAt(device, ordinal, Arch::sm80); }

Table makeTable(Arch arch) {
  Table made;
#define FUNCTION(name) made.name = Entry<Index_##name, &emulated::name>::call;
#include "driver/functions.def"
#undef FUNCTION
  if (arch == Arch::sm80) made.cuDeviceGet = Entry<Index_cuDeviceGet, &deviceOfSm80>::call;
  made.emulated = true;
  return made;
}

}  // namespace

const Table& table(Arch arch) {
  static const Table& sm90 = *new Table(makeTable(Arch::sm90));
  static const Table& sm80 = *new Table(makeTable(Arch::sm80));
  return arch == Arch::sm90 ? sm90 : sm80;
}

bool inject(const std::string& function, unsigned afterCalls, CUresult result) {
  for (int index = 0; index < functionCount; index++) {
    if (function != kNames[index]) continue;
    faultOf(index).result = result;
    faultOf(index).callsLeft = result == CUDA_SUCCESS ? -1 : long(afterCalls);
    return true;
  }
  return false;
}

}  // namespace rmsnorm::emulated
