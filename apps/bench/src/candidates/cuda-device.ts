import type { CudaOptions } from '@rmsnorm/cuda';

/** The device that RMSNORM_CUDA_DEVICE names: the number of a GPU, or `emulated`, which shows that the bench runs. */
export function cudaDevice(): NonNullable<CudaOptions['device']> {
  const value = process.env.RMSNORM_CUDA_DEVICE || '0';
  return (/^\d+$/.test(value) ? Number(value) : value) as NonNullable<CudaOptions['device']>;
}
