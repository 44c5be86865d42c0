import { RMSNormError } from '@rmsnorm/core';
import { create, globals } from 'webgpu';
import { inWords } from '../candidates/gpu-device.ts';

/**
 * Makes npm's webgpu (Dawn, on the Vulkan driver of the environment) `navigator.gpu` of this process. Peers look for it when
 * they are imported. Returns the adapter in words.
 * @throws RMSNormError NO_ADAPTER
 */
export async function provideWebGPU(dawnFlags: readonly string[] = []): Promise<string> {
  Object.assign(globalThis, globals);
  const gpu = create([...dawnFlags]);
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, hardwareConcurrency: 1, userAgent: `Node ${process.versions.node}` },
    configurable: true,
  });
  const adapter = await gpu.requestAdapter();
  if (!adapter) {
    throw new RMSNormError('NO_ADAPTER', 'npm webgpu found no adapter: let VK_ICD_FILENAMES name a Vulkan driver');
  }
  return inWords(adapter.info);
}
