// The kernels of forward, sumSquares and scaleBy.
#include "instances.cuh"

using namespace rmsnorm;

RMSNORM_FOR_DTYPES(RMSNORM_ROWS, forward)
RMSNORM_FOR_DTYPES(RMSNORM_SPLIT_SUMS, forward)
RMSNORM_FOR_DTYPES(RMSNORM_SPLIT_SCALE, forward)RMSNORM_FOR_DTYPES(RMSNORM_COLUMNS, forward)
