// A call of JavaScript's, checked: what follows takes its whole numbers as they are.
#pragma once

#include "addon/values.h"
#include "plan/call.h"

namespace rmsnorm {

/** The call in a Float64Array. Refuses numbers that no call has: the plan would divide by them, and kernels run out of memory's bounds. */
Call callOf(napi_env env, napi_value value);

}  // namespace rmsnorm
