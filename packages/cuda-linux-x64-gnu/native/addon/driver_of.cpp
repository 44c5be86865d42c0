#include "addon/driver_of.h"

#include "driver/libcuda.h"

namespace rmsnorm {

std::optional<emulated::Arch> archOf(napi_env env, napi_value value) {
  if (isNothing(env, value)) return std::nullopt;
  const std::string name = text(env, value, "emulated");
  if (name == "sm_90") return emulated::Arch::sm90;
  if (name == "sm_80") return emulated::Arch::sm80;
  refuse("emulated must be 'sm_90', 'sm_80' or null; it is '" + name + "'");
}

const Table& driverOf(napi_env env, napi_value value) {
  if (const auto arch = archOf(env, value)) return emulated::table(*arch);
  const Libcuda& found = libcuda();
  if (!found.table) throw Failure{"DEVICE_ERROR", "there is no CUDA driver: " + found.problem};
  if (found.lacking) throw Failure{"DEVICE_ERROR", std::string("libcuda.so.1 lacks ") + found.lacking};
  return *found.table;
}

}  // namespace rmsnorm
