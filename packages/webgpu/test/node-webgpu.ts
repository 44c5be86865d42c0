import { type Backend, reference } from '@rmsnorm/core';
import { type WebGPUOptions, type WebGPUProvider, webgpu } from '@rmsnorm/webgpu';
import { afterAll, beforeAll, describe, test } from 'vitest';

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

/**
 * The same, with subgroups and without, on a backend of ours (`backend`) and on the reference (`exact`): they are there
 * within tests.
 */
export function describeBesideReference(
  name: string,
  body: (both: { readonly backend: Backend; readonly exact: Backend }, subgroups: boolean) => void,
): void {
  describeOnDevice(name, () => {
    describe.each([true, false])('with subgroups: %o', (subgroups) => {
      const both = {} as { backend: Backend; exact: Backend };
      beforeAll(async () => {
        both.backend = await nodeWebGPU({ subgroups }).create();
        both.exact = await reference().create();
      });
      afterAll(async () => {
        await both.backend.dispose();
        await both.exact.dispose();
      });
      body(both, subgroups);
    });
  });
}

/** A device of the test's own, as an application has one. */
export async function newDevice(descriptor: GPUDeviceDescriptor = {}): Promise<GPUDevice> {
  const adapter = await gpu!.requestAdapter();
  return adapter!.requestDevice(descriptor);
}
