#include "addon/call.h"

#include <cstring>

namespace rmsnorm {

namespace {

constexpr double kMost = 9007199254740991.0;  // 2^53 - 1

/** NaN is none. */
bool isWhole(double value, double least, double most) {
  return value >= least && value <= most && value == double(std::int64_t(value));
}

/** The first field that is wrong; null: none. */
const double* wrongField(const Call& call) {
  if (!isWhole(call.op, 0, double(Op::forwardQuantized))) return &call.op;
  if (!isWhole(call.dtype, 0, double(DType::bfloat16))) return &call.dtype;
  for (const double* count = &call.outer; count <= &call.statSize; count++)
    if (!isWhole(*count, 1, kMost)) return count;
  if (call.statSize > call.size) return &call.statSize;
  if (call.outer * call.groups * call.size * call.inner > kMost) return &call.outer;
  for (const double* address = &call.x; address <= &call.scales; address++)
    if (!isWhole(*address, 0, kMost)) return address;
  return nullptr;
}

}  // namespace

Call callOf(napi_env env, napi_value value) {
  Call call;
  std::memcpy(&call, doubles(env, value, std::size_t(callFieldCount())), sizeof call);
  if (const double* wrong = wrongField(call))
    refuse(std::string("a call cannot have ") + callFields()[wrong - &call.op] + " = " + std::to_string(*wrong));
  return call;
}

}  // namespace rmsnorm
