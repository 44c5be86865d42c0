// `plan(call, device)`: which kernels a call would launch on a device.
#pragma once

#include "addon/values.h"

namespace rmsnorm {

napi_value plan(napi_env env, const Arguments& arguments);

}  // namespace rmsnorm
