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
} from './device/gpu.ts';
export type { GPUBufferPart } from './memory/adopt.ts';
export type { WebGPUOptions } from './options.ts';
export { type WebGPUBackend, type WebGPUProvider, webgpu } from './provider.ts';
