// Adds partial rows: dgamma and dbeta of each feature, from a.parts float64 sums. A block has 32 features, and 32 threads for each, which
// take every 32nd part; then they are added in their order.
#pragma once

#include "device.cuh"

namespace rmsnorm {

DEVICE void sumPartials(const Args& a) {
  const std::int64_t features = a.groups * a.size;
  const int column = device::threadIndex() & 31;
  const int slice = device::threadIndex() >> 5;
  const std::int64_t feature = device::blockIndex() * 32 + column;
  auto* sums = reinterpret_cast<double*>(device::sharedMemory());
  for (int which = 0; which < 2; which++) {
    float* to = which == 0 ? a.dgamma : a.dbeta;
    if (to == nullptr) continue;
    const double* from = a.scratch + which * a.parts * features;
    double sum = 0;
    if (feature < features) {
      for (std::int64_t part = slice; part < a.parts; part += 32) sum += from[part * features + feature];
    }
    device::barrier();
    sums[slice * 32 + column] = sum;
    device::barrier();
    if (slice > 0 || feature >= features) continue;
    for (int other = 1; other < 32; other++) sum += sums[other * 32 + column];
    to[feature] = float(sum);
  }
}

}  // namespace rmsnorm
