#include "driver/failure.h"

#include "driver/result_name.h"

namespace rmsnorm {

bool isSticky(CUresult result) {
  switch (result) {
    case CUDA_ERROR_DEINITIALIZED:
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_NVLINK_UNCORRECTABLE:
    case CUDA_ERROR_CONTAINED:
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_CONTEXT_IS_DESTROYED:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_LAUNCH_FAILED:
    case CUDA_ERROR_EXTERNAL_DEVICE:
    case CUDA_ERROR_MPS_CLIENT_TERMINATED:
      return true;
    default:
      return false;
  }
}

std::string nameOf(const Table& cuda, CUresult result) {
  const char* name = nullptr;
  if (!cuda.cuGetErrorName || cuda.cuGetErrorName(result, &name) != CUDA_SUCCESS || !name) name = resultName(result);
  return std::string(name ? name : "an unknown error") + " (" + std::to_string(result) + ")";
}

const char* codeOf(CUresult result) {
  if (result == CUDA_ERROR_OUT_OF_MEMORY) return "OUT_OF_MEMORY";
  return isSticky(result) ? "DEVICE_LOST" : "DEVICE_ERROR";
}

void fail(const Table& cuda, CUresult result, const char* function, const std::string& detail) {
  throw Failure{codeOf(result), nameOf(cuda, result) + " from " + function + (detail.empty() ? "" : ": " + detail)};
}

}  // namespace rmsnorm
