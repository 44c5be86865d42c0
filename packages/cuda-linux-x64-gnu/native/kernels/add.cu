// The kernels of addForward. Split rows are scaled by those of forward, which read the sum.
#include "instances.cuh"

using namespace rmsnorm;

RMSNORM_FOR_DTYPES(RMSNORM_ROWS, add)
RMSNORM_FOR_DTYPES(RMSNORM_SPLIT_SUMS, add)
RMSNORM_FOR_DTYPES(RMSNORM_COLUMNS, add)
