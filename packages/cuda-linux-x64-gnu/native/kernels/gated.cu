// The kernels of gatedForward.
#include "instances.cuh"

using namespace rmsnorm;

RMSNORM_FOR_DTYPES(RMSNORM_ROWS, gated)
RMSNORM_FOR_DTYPES(RMSNORM_SPLIT_SUMS, gated)
RMSNORM_FOR_DTYPES(RMSNORM_SPLIT_SCALE, gated)RMSNORM_FOR_DTYPES(RMSNORM_COLUMNS, gated)
