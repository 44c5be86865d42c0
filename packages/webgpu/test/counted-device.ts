import type { Backend } from '@rmsnorm/core';
import { webgpu } from '@rmsnorm/webgpu';
import { afterAll, beforeAll } from 'vitest';
import { newDevice } from './node-webgpu.ts';

/** What was asked of a device, and of its queue, encoders and buffers. */
export interface Counts {
  buffers: number;
  destroyed: number;
  bindGroups: number;
  pipelines: number;
  encoders: number;
  passes: number;
  dispatches: number;
  submits: number;
  writes: number;
  copies: number;
}

const NONE: Readonly<Counts> = {
  buffers: 0,
  destroyed: 0,
  bindGroups: 0,
  pipelines: 0,
  encoders: 0,
  passes: 0,
  dispatches: 0,
  submits: 0,
  writes: 0,
  copies: 0,
};

export interface CountedCalls {
  /** What was counted since this was last called. */
  since(): Counts;
  /** How many buffers there are. */
  live(): number;
}

/** The end of the turn, in which work is submitted. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Within a `describe`: a backend on a device that counts what is asked of it, for all of its tests. */
export function onCountedDevice(use: (backend: Backend, calls: CountedCalls) => void): void {
  let device: GPUDevice;
  let backend: Backend;
  beforeAll(async () => {
    device = await newDevice();
    const calls = countCalls(device);
    backend = await webgpu({ device }).create();
    use(backend, calls);
  });
  afterAll(async () => {
    await backend.dispose();
    device.destroy();
  });
}

/** Counts from here on what is asked of `device`. */
export function countCalls(device: GPUDevice): CountedCalls {
  let counts: Counts = { ...NONE };
  const live = new Set<GPUBuffer>();
  const hook = <T extends object, K extends keyof T>(target: T, name: K, after: (result: never) => void): void => {
    const method = target[name] as (...args: unknown[]) => unknown;
    Object.defineProperty(target, name, {
      value: (...args: unknown[]) => {
        const result = method.apply(target, args);
        after(result as never);
        return result;
      },
    });
  };
  const count = (name: keyof Counts) => () => {
    counts[name] += 1;
  };
  hook(device, 'createBuffer', (buffer: GPUBuffer) => {
    counts.buffers += 1;
    live.add(buffer);
    hook(buffer, 'destroy', () => {
      if (live.delete(buffer)) counts.destroyed += 1;
    });
  });
  hook(device, 'createBindGroup', count('bindGroups'));
  hook(device, 'createComputePipeline', count('pipelines'));
  hook(device, 'createComputePipelineAsync', count('pipelines'));
  hook(device, 'createCommandEncoder', (encoder: GPUCommandEncoder) => {
    counts.encoders += 1;
    hook(encoder, 'copyBufferToBuffer', count('copies'));
    hook(encoder, 'beginComputePass', (pass: GPUComputePassEncoder) => {
      counts.passes += 1;
      hook(pass, 'dispatchWorkgroups', count('dispatches'));
    });
  });
  hook(device.queue, 'submit', count('submits'));
  hook(device.queue, 'writeBuffer', count('writes'));
  return {
    since: () => {
      const counted = counts;
      counts = { ...NONE };
      return counted;
    },
    live: () => live.size,
  };
}
