import { type WebGPUOptions, type WebGPUProvider, webgpu } from '@rmsnorm/webgpu';
import { create } from 'webgpu';

/** Node's WebGPU: Dawn, on the Vulkan driver of the environment. */
export const gpu: GPU = create([]);

export function nodeWebGPU(options: WebGPUOptions = {}): WebGPUProvider {
  return webgpu({ gpu, ...options });
}
