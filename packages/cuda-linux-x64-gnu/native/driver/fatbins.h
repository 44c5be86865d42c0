// What nvcc made of kernels/, embedded. scripts/build.mjs writes the definitions.
#pragma once

namespace rmsnorm {

struct Fatbin {
  /** Of the source: the names of its kernels begin with it, but for a few. */
  const char* name;
  const void* image;
};

const Fatbin* fatbins();
int fatbinCount();

}  // namespace rmsnorm
