// What nvcc made of kernels/, embedded. scripts/build.mjs writes the definitions.
#pragma once

namespace rmsnorm {

const void* const* fatbins();
int fatbinCount();

}  // namespace rmsnorm
