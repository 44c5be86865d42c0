// The emulated functions, each with the type of the driver's own.
#pragma once

#include <cuda.h>

namespace rmsnorm::emulated {

#define FUNCTION(name) decltype(::name) name;
#include "driver/functions.def"
#undef FUNCTION

}  // namespace rmsnorm::emulated
