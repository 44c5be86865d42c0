import type { GPUAdapterLike, GPUDeviceLike, GPULike } from '../gpu-types.ts';

// Here, and where a GPUBuffer or a GPUCommandEncoder comes in, what the user handed in gets its type of @webgpu/types.

export function adapterOf(adapter: GPUAdapterLike): GPUAdapter {
  return adapter as GPUAdapter;
}

export function deviceOf(device: GPUDeviceLike): GPUDevice {
  return device as GPUDevice;
}

/** `GPUBufferUsage`, `GPUMapMode`, `GPUShaderStage`: their values are part of the standard; as globals they are missing in Node. */
export const BUFFER_USAGE: Readonly<Record<'MAP_READ' | 'COPY_SRC' | 'COPY_DST' | 'UNIFORM' | 'STORAGE', number>> = {
  MAP_READ: 0x01,
  COPY_SRC: 0x04,
  COPY_DST: 0x08,
  UNIFORM: 0x40,
  STORAGE: 0x80,
};
export const MAP_READ = 1;
export const COMPUTE_STAGE = 4;

/** The environment's own WebGPU, in pages, workers, Deno and Bun. */
export function navigatorGPU(): GPULike | undefined {
  return (globalThis as { navigator?: { gpu?: GPULike } }).navigator?.gpu;
}
