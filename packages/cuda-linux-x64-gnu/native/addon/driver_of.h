// Which driver an option `emulated` means.
#pragma once

#include <optional>

#include "addon/values.h"
#include "driver/emulated/emulated.h"

namespace rmsnorm {

/** None: the machine's own. */
std::optional<emulated::Arch> archOf(napi_env env, napi_value emulated);

/** Throws DEVICE_ERROR where the machine has no driver. */
const Table& driverOf(napi_env env, napi_value emulated);

}  // namespace rmsnorm
