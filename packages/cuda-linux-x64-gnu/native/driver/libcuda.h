// The driver of the machine. It is looked for when it is first needed, so that the addon loads where there is none.
#pragma once

#include <string>

#include "driver/table.h"

namespace rmsnorm {

struct Libcuda {
  /** Null: there is no libcuda.so.1; `problem` says what the loader said. */
  const Table* table = nullptr;
  std::string problem;
  /** The first function that this libcuda lacks; null: none. */
  const char* lacking = nullptr;
};

/** Never unloaded: CUDA does not support that. */
const Libcuda& libcuda();

}  // namespace rmsnorm
