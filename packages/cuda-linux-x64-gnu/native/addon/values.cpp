#include "addon/values.h"

#include <climits>
#include <cmath>

namespace rmsnorm {

Arguments::Arguments(napi_env env, napi_callback_info info) {
  std::size_t count = 4;
  // What is missing is filled with undefined.
  napi_get_cb_info(env, info, &count, values, nullptr, &data);
}

void refuse(const std::string& message) { throw Failure{"INVALID_OPTION", message}; }

std::uint64_t wholeNumber(napi_env env, napi_value value, const char* name) {
  double number = -1;
  if (napi_get_value_double(env, value, &number) != napi_ok) refuse(std::string(name) + " must be a number");
  if (!(number >= 0 && number <= 9007199254740991.0) || number != std::floor(number))
    refuse(std::string(name) + " must be a whole number from 0 to 2^53 - 1; it is " + std::to_string(number));
  return std::uint64_t(number);
}

int wholeInt(napi_env env, napi_value value, const char* name) {
  const std::uint64_t number = wholeNumber(env, value, name);
  if (number > INT_MAX) refuse(std::string(name) + " must be below 2^31; it is " + std::to_string(number));
  return int(number);
}

std::uint64_t bigint(napi_env env, napi_value value, const char* name) {
  std::uint64_t number = 0;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env, value, &number, &lossless) != napi_ok)
    refuse(std::string(name) + " must be a bigint");
  if (!lossless) refuse(std::string(name) + " must be a bigint from 0 to 2^64 - 1");
  return number;
}

std::string text(napi_env env, napi_value value, const char* name) {
  char buffer[128];
  std::size_t length = 0;
  if (napi_get_value_string_utf8(env, value, buffer, sizeof buffer, &length) != napi_ok)
    refuse(std::string(name) + " must be a string");
  return std::string(buffer, length);
}

Bytes bytesOf(napi_env env, napi_value value, const char* name) {
  napi_typedarray_type type = napi_int8_array;
  std::size_t length = 0;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array) refuse(std::string(name) + " must be a Uint8Array");
  return {static_cast<unsigned char*>(data), length};
}

const double* doubles(napi_env env, napi_value value, std::size_t length) {
  napi_typedarray_type type = napi_int8_array;
  std::size_t found = 0;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(env, value, &type, &found, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_float64_array || found != length)
    refuse("a call must be a Float64Array of " + std::to_string(length) + " numbers, in the order of `fields`");
  return static_cast<const double*>(data);
}

void requireFunction(napi_env env, napi_value value, const char* name) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  if (type != napi_function) refuse(std::string(name) + " must be a function");
}

bool isNothing(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_undefined || type == napi_null;
}

void requireObject(napi_env env, napi_value value, const char* name) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  if (type != napi_object) refuse(std::string(name) + " must be an object");
}

napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) refuse(std::string(name) + " cannot be read");
  return value;
}

napi_value toNumber(napi_env env, double value) {
  napi_value made = nullptr;
  napi_create_double(env, value, &made);
  return made;
}

napi_value toBigint(napi_env env, std::uint64_t value) {
  napi_value made = nullptr;
  napi_create_bigint_uint64(env, value, &made);
  return made;
}

napi_value toText(napi_env env, const std::string& value) {
  napi_value made = nullptr;
  napi_create_string_utf8(env, value.data(), value.size(), &made);
  return made;
}

napi_value toError(napi_env env, const Failure& failure) {
  napi_value error = nullptr;
  napi_create_error(env, toText(env, failure.code), toText(env, failure.message), &error);
  return error;
}

void set(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

}  // namespace rmsnorm
