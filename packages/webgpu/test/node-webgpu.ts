import { type WebGPUOptions, type WebGPUProvider, webgpu } from '@rmsnorm/webgpu';
import { describe, test } from 'vitest';

/** Node's WebGPU: Dawn, on the Vulkan driver of the environment; undefined where npm's webgpu has no build for this machine. */
export const gpu: GPU | undefined = await import('webgpu').then(
  ({ create, globals }) => {
    // GPUBufferUsage and the like, for the tests: the package itself does without.
    Object.assign(globalThis, globals);
    return create([]);
  },
  () => undefined,
);

export function nodeWebGPU(options: WebGPUOptions = {}): WebGPUProvider {
  return webgpu({ gpu, ...options });
}

const probe = await nodeWebGPU().probe();

/** Tests that need a device: without one a single test is skipped with the reason, or fails where RMSNORM_REQUIRE names webgpu. */
export function describeOnDevice(name: string, body: () => void): void {
  if (probe.ok) {
    describe(name, body);
    return;
  }
  const why = `${probe.code}: ${probe.reason}${probe.hint ? ` (${probe.hint})` : ''}`;
  test(`${name} needs WebGPU`, ({ skip }) => {
    if ((process.env.RMSNORM_REQUIRE ?? '').split(',').includes('webgpu')) throw new Error(why);
    skip(why);
  });
}

/** A device of the test's own, as an application has one. */
export async function newDevice(descriptor: GPUDeviceDescriptor = {}): Promise<GPUDevice> {
  const adapter = await gpu!.requestAdapter();
  return adapter!.requestDevice(descriptor);
}
