// The driver's names of its errors, where no driver is there to ask.
#pragma once

#include <cuda.h>

namespace rmsnorm {

/** Null: not among those that are known here. */
const char* resultName(CUresult result);

}  // namespace rmsnorm
