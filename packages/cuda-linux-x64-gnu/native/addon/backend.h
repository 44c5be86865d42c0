// NativeBackend: what JavaScript has of a session.
#pragma once

#include <node_api.h>

#include "addon/values.h"

namespace rmsnorm {

/** `open(options)`: a NativeBackend. */
napi_value openBackend(napi_env env, const Arguments& arguments);

}  // namespace rmsnorm
