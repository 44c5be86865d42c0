// What there is to compute on, without leaving anything behind.
#pragma once

#include "addon/values.h"

namespace rmsnorm {

/** `probe(emulated)`. Never throws. */
napi_value probe(napi_env env, const Arguments& arguments);

}  // namespace rmsnorm
