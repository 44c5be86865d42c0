export type { GPUBufferPart } from './adopt.ts';
export type {
  GPUAdapterInfoLike,
  GPUAdapterLike,
  GPUBufferLike,
  GPUCommandEncoderLike,
  GPUComputePassLike,
  GPUDeviceLike,
  GPUDeviceLostInfoLike,
  GPUErrorLike,
  GPULike,
  GPUObject,
  GPUQueueLike,
} from './gpu.ts';
export type { WebGPUOptions } from './options.ts';
export { type WebGPUBackend, type WebGPUProvider, webgpu } from './provider.ts';
