#include "addon/probe.h"

#include <cstdlib>
#include <optional>
#include <vector>

#include "addon/driver_of.h"
#include "driver/libcuda.h"

namespace rmsnorm {

namespace {

/** The driver that came with CUDA 13: the fat binary is packed for it. */
constexpr int leastDriver = 13000;
/** Compute capability 7.5. */
constexpr int leastArch = 75;
/** A driver that counts more is broken: to ask for each of two billion takes minutes. */
constexpr int mostDevices = 1024;

/** Why there is nothing to compute on. */
struct Refusal {
  const char* code;
  std::string reason;
  std::string found;
};

struct Found {
  int ordinal;
  std::string name;
  int major;
  int minor;
  std::size_t memory;
  int multiprocessors;
  /** Why it cannot be used; empty: it can. */
  std::string problem;
};

std::string versionText(int version) { return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10); }

/** Says where an environment variable hides devices. */
std::string visibleDevices() {
  const char* value = std::getenv("CUDA_VISIBLE_DEVICES");
  return value ? std::string(" (CUDA_VISIBLE_DEVICES is '") + value + "')" : "";
}

void must(const Table& cuda, CUresult result, const char* function) {
  if (result != CUDA_SUCCESS) throw Refusal{"DEVICE_ERROR", nameOf(cuda, result) + " from " + function, ""};
}

/** Not every function need be there before it is called: an old driver is to be told from a broken one. */
template <class Function>
Function there(Function function, const char* name) {
  if (!function) throw Refusal{"DEVICE_ERROR", std::string("libcuda.so.1 lacks ") + name, ""};
  return function;
}

const Table& realDriver() {
  const Libcuda& found = libcuda();
  if (!found.table) throw Refusal{"DRIVER_NOT_FOUND", found.problem, ""};
  return *found.table;
}

int checkVersion(const Table& cuda) {
  int version = 0;
  must(cuda, there(cuda.cuDriverGetVersion, "cuDriverGetVersion")(&version), "cuDriverGetVersion");
  if (version < leastDriver)
    throw Refusal{"DRIVER_TOO_OLD", "the driver is of CUDA " + versionText(version) + ", and 13.0 (driver 580) is needed",
                  "CUDA " + versionText(version)};
  return version;
}

void start(const Table& cuda) {
  const CUresult result = there(cuda.cuInit, "cuInit")(0);
  switch (result) {
    case CUDA_SUCCESS:
      return;
    case CUDA_ERROR_NO_DEVICE:
      throw Refusal{"NO_DEVICE", "cuInit says " + nameOf(cuda, result) + visibleDevices(), ""};
    case CUDA_ERROR_STUB_LIBRARY:
      throw Refusal{"DRIVER_NOT_FOUND", "the libcuda.so.1 that was loaded is a stub to link with, not a driver", ""};
    default:
      must(cuda, result, "cuInit");
  }
}

void describe(const Table& cuda, Found& found) {
  CUdevice device = 0;
  const auto attribute = there(cuda.cuDeviceGetAttribute, "cuDeviceGetAttribute");
  must(cuda, there(cuda.cuDeviceGet, "cuDeviceGet")(&device, found.ordinal), "cuDeviceGet");
  char name[256] = "";
  must(cuda, there(cuda.cuDeviceGetName, "cuDeviceGetName")(name, sizeof name, device), "cuDeviceGetName");
  found.name = name;
  must(cuda, there(cuda.cuDeviceTotalMem, "cuDeviceTotalMem")(&found.memory, device), "cuDeviceTotalMem");
  must(cuda, attribute(&found.major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device), "cuDeviceGetAttribute");
  must(cuda, attribute(&found.minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device), "cuDeviceGetAttribute");
  must(cuda, attribute(&found.multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device), "cuDeviceGetAttribute");
}

std::vector<Found> devicesOf(const Table& cuda) {
  int count = 0;
  must(cuda, there(cuda.cuDeviceGetCount, "cuDeviceGetCount")(&count), "cuDeviceGetCount");
  if (count < 0 || count > mostDevices) throw Refusal{"DEVICE_ERROR", "the driver counts " + std::to_string(count) + " devices", ""};
  if (count == 0) throw Refusal{"NO_DEVICE", "the driver knows of no device" + visibleDevices(), ""};
  std::vector<Found> devices;
  std::string tooOld;
  std::optional<Refusal> broken;
  bool usable = false;
  for (int ordinal = 0; ordinal < count; ordinal++) {
    Found& found = devices.emplace_back(Found{ordinal, "", 0, 0, 0, 0, ""});
    try {
      describe(cuda, found);
    } catch (const Refusal& refusal) {
      found.problem = refusal.reason;
      if (!broken) broken = refusal;
      continue;
    }
    usable = usable || found.major * 10 + found.minor >= leastArch;
    tooOld += (tooOld.empty() ? "" : ", ") + found.name + " (" + std::to_string(found.major) + "." + std::to_string(found.minor) + ")";
  }
  if (!usable && broken) throw *broken;
  if (!usable)
    throw Refusal{"ARCH_UNSUPPORTED", "compute capability 7.5 is needed, and there is: " + tooOld, tooOld};
  return devices;
}

napi_value toObject(napi_env env, const Found& found) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  set(env, object, "ordinal", toNumber(env, found.ordinal));
  set(env, object, "name", toText(env, found.name));
  set(env, object, "major", toNumber(env, found.major));
  set(env, object, "minor", toNumber(env, found.minor));
  set(env, object, "memory", toNumber(env, double(found.memory)));
  set(env, object, "multiprocessors", toNumber(env, found.multiprocessors));
  if (!found.problem.empty()) set(env, object, "problem", toText(env, found.problem));
  return object;
}

napi_value toObject(napi_env env, bool ok) {
  napi_value object = nullptr;
  napi_value value = nullptr;
  napi_create_object(env, &object);
  napi_get_boolean(env, ok, &value);
  set(env, object, "ok", value);
  return object;
}

napi_value found(napi_env env, int version, const std::vector<Found>& devices) {
  const napi_value object = toObject(env, true);
  napi_value list = nullptr;
  napi_create_array_with_length(env, devices.size(), &list);
  for (std::size_t i = 0; i < devices.size(); i++) napi_set_element(env, list, std::uint32_t(i), toObject(env, devices[i]));
  set(env, object, "driverVersion", toNumber(env, version));
  set(env, object, "devices", list);
  return object;
}

napi_value refused(napi_env env, const Refusal& refusal) {
  const napi_value object = toObject(env, false);
  set(env, object, "code", toText(env, refusal.code));
  set(env, object, "reason", toText(env, refusal.reason));
  if (!refusal.found.empty()) set(env, object, "found", toText(env, refusal.found));
  return object;
}

}  // namespace

napi_value probe(napi_env env, const Arguments& arguments) {
  try {
    const auto arch = archOf(env, arguments.values[0]);
    const Table& cuda = arch ? emulated::table(*arch) : realDriver();
    const int version = checkVersion(cuda);
    start(cuda);
    const std::vector<Found> devices = devicesOf(cuda);
    if (const char* lacking = arch ? nullptr : libcuda().lacking) there<void*>(nullptr, lacking);
    return found(env, version, devices);
  } catch (const Refusal& refusal) {
    return refused(env, refusal);
  } catch (const Failure& failure) {
    return refused(env, {"DEVICE_ERROR", failure.message, ""});
  }
}

}  // namespace rmsnorm
