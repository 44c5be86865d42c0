// What goes wrong, as an exception inside native/; native/addon turns it into an error of JavaScript.
#pragma once

#include <string>

#include "driver/table.h"

namespace rmsnorm {

struct Failure {
  /** A code of RMSNormError. */
  const char* code;
  std::string message;
};

/** Whether an error leaves the context unusable: every later call of the process on that device fails too. */
bool isSticky(CUresult result);

/** "CUDA_ERROR_ILLEGAL_ADDRESS (700)". */
std::string nameOf(const Table& cuda, CUresult result);

/** OUT_OF_MEMORY, DEVICE_LOST or DEVICE_ERROR. */
const char* codeOf(CUresult result);

[[noreturn]] void fail(const Table& cuda, CUresult result, const char* function, const std::string& detail = {});

inline void check(const Table& cuda, CUresult result, const char* function) {
  if (result != CUDA_SUCCESS) fail(cuda, result, function);
}

}  // namespace rmsnorm
