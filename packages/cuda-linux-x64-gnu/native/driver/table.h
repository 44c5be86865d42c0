// The driver's functions as a table, so that libcuda and the emulated device are called in the same way.
#pragma once

#include <cuda.h>

namespace rmsnorm {

struct Table {
#define FUNCTION(name) decltype(&::name) name = nullptr;
#include "driver/functions.def"
#undef FUNCTION
  bool emulated = false;
};

}  // namespace rmsnorm
