#include "kernel_names.h"

#include <string>

namespace rmsnorm {

namespace {

const char* const kKinds[] = {"forward", "add", "gated", "quantized", "backward"};
const char* const kSteps[] = {"short", "warp", "block", "wide", "split_sums", "split_largest", "split_scale", "columns", "vectors"};
const char* const kDTypes[] = {"float32", "float16", "bfloat16"};

constexpr int kSteps_ = sizeof kSteps / sizeof kSteps[0];

/** All names, made once: a launch keeps what it found for a name by its address. */
struct Names {
  std::string names[5][kSteps_][3];
  Names() {
    for (int kind = 0; kind < 5; kind++) {
      for (int step = 0; step < kSteps_; step++) {
        for (int dtype = 0; dtype < 3; dtype++) {
          names[kind][step][dtype] = std::string(kKinds[kind]) + "_" + kSteps[step] + "_" + kDTypes[dtype];
        }
      }
    }
  }
};

}  // namespace

const char* kernelName(Kind kind, Step step, DType dtype) {
  static const Names all;
  return all.names[int(kind)][int(step)][int(dtype)].c_str();
}

}  // namespace rmsnorm
