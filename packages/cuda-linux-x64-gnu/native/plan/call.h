// A call as JavaScript describes it: one double for each field. Addresses are below 2^53, so that a double holds them exactly.
#pragma once

namespace rmsnorm {

enum class Op { forward, addForward, gatedForward, backward, sumSquares, scaleBy, forwardQuantized };
enum class DType { float32, float16, bfloat16 };

struct Call {
#define FIELD(name) double name;
#include "call_fields.def"
#undef FIELD
};

const char* const* callFields();
int callFieldCount();

}  // namespace rmsnorm
