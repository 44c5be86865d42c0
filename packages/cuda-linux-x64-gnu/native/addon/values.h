// Values of JavaScript, checked: a wrong type is a Failure, never a crash.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>

#include "driver/failure.h"

namespace rmsnorm {

struct Bytes {
  unsigned char* data;
  std::size_t size;
};

/** The arguments of a call from JavaScript, and the data of the function. */
struct Arguments {
  Arguments(napi_env env, napi_callback_info info);
  napi_value values[4];
  void* data = nullptr;
};

[[noreturn]] void refuse(const std::string& message);

/** A whole number from 0 to 2^53 - 1. */
std::uint64_t wholeNumber(napi_env env, napi_value value, const char* name);
/** One from 0 to 2^31 - 1. */
int wholeInt(napi_env env, napi_value value, const char* name);
std::uint64_t bigint(napi_env env, napi_value value, const char* name);
std::string text(napi_env env, napi_value value, const char* name);
Bytes bytesOf(napi_env env, napi_value value, const char* name);
/** The numbers of a Float64Array that must have `length` of them. */
const double* doubles(napi_env env, napi_value value, std::size_t length);
void requireFunction(napi_env env, napi_value value, const char* name);

bool isNothing(napi_env env, napi_value value);
napi_value property(napi_env env, napi_value object, const char* name);
void requireObject(napi_env env, napi_value value, const char* name);

napi_value toNumber(napi_env env, double value);
napi_value toBigint(napi_env env, std::uint64_t value);
napi_value toText(napi_env env, const std::string& value);
napi_value toError(napi_env env, const Failure& failure);
void set(napi_env env, napi_value object, const char* name, napi_value value);

/** A function of JavaScript that runs `body`, whose failures it throws. */
template <napi_value (*body)(napi_env, const Arguments&)>
napi_value entry(napi_env env, napi_callback_info info) {
  try {
    const Arguments arguments(env, info);
    return body(env, arguments);
  } catch (const Failure& failure) {
    napi_throw(env, toError(env, failure));
  } catch (const std::exception& error) {
    napi_throw(env, toError(env, {"OUT_OF_MEMORY", std::string("on the host: ") + error.what()}));
  }
  return nullptr;
}

template <napi_value (*body)(napi_env, const Arguments&)>
napi_value setFunction(napi_env env, napi_value object, const char* name, void* data) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, entry<body>, data, &function);
  set(env, object, name, function);
  return function;
}

}  // namespace rmsnorm
