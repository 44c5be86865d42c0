import { cudaCopy } from '../candidates/cuda-copy.ts';
import { rmsnormCuda } from '../candidates/rmsnorm-cuda.ts';
import type { Lineup } from './lineup.ts';

/** Our kernels on an NVIDIA GPU, beside the driver's copy. PyTorch and Triton: packages/cuda/scripts/gpu-check. */
export const CUDA: Lineup = () => [rmsnormCuda, cudaCopy];
