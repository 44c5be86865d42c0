export type {
  GPUAdapterInfoLike,
  GPUAdapterLike,
  GPUBufferLike,
  GPUBufferPart,
  GPUCommandEncoderLike,
  GPUComputePassLike,
  GPUDeviceLike,
  GPUDeviceLostInfoLike,
  GPUErrorLike,
  GPULike,
  GPUObject,
  GPUQueueLike,
} from './gpu-types.ts';
export type { WebGPUOptions } from './options.ts';
export { type WebGPUProvider, webgpu } from './provider.ts';
export type { NativeBuffer, WebGPUBackend, WebGPUTensor } from './tensor.ts';
