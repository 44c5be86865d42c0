// A CUDA driver on the host, for tests where there is no GPU. Its devices have the attributes of real ones, its streams are threads, and
// its kernels are the same sources compiled for the host.
#pragma once

#include <string>

#include "driver/table.h"

namespace rmsnorm::emulated {

/** Two devices of compute capability 9.0 ("sm_90") or 8.0 ("sm_80"). */
enum class Arch { sm90, sm80 };

const Table& table(Arch arch);

/** After `afterCalls` more calls, the next call of `function` returns `result` instead of doing its work. False: no such function. */
bool inject(const std::string& function, unsigned afterCalls, CUresult result);

/** What the host device said of the kernel that failed last; empty: nothing. */
std::string problemOfKernel();

}  // namespace rmsnorm::emulated
