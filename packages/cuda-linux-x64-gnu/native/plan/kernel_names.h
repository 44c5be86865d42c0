// The names of the kernels: kind_step_dtype, as kernels/instances.cuh makes them.
#pragma once

#include "call.h"

namespace rmsnorm {

/** forward is sumSquares and scaleBy too, which have other operands. */
enum class Kind { forward, add, gated, quantized, backward };
enum class Step { small, warp, block, wide, splitSums, splitLargest, splitScale, columns, vectors };

const char* kernelName(Kind kind, Step step, DType dtype);

}  // namespace rmsnorm
