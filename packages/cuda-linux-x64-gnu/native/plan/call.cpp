#include "call.h"

namespace rmsnorm {

namespace {

const char* const kFields[] = {
#define FIELD(name) #name,
#include "call_fields.def"
#undef FIELD
};

}  // namespace

const char* const* callFields() { return kFields; }

int callFieldCount() { return sizeof kFields / sizeof kFields[0]; }

static_assert(sizeof(Call) == sizeof kFields / sizeof kFields[0] * sizeof(double), "a Call is doubles alone");

}  // namespace rmsnorm
