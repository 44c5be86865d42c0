import type { Candidate, Unable } from '../candidate.ts';
import { copySource } from '../copy-source.ts';
import type { Workload } from '../workload.ts';
import { gpuBuffer, gpuBytes } from './gpu-buffers.ts';
import { gpuDevice } from './gpu-device.ts';
import { unableFor } from './reason.ts';

/** Puts one copy into the encoder. */
export type EncodeCopy = (encoder: GPUCommandEncoder) => void;

/** A copy of as many bytes as the workload moves, from a GPUBuffer to another. */
export async function gpuCopy(
  work: Workload,
  prepare: (device: GPUDevice, from: GPUBuffer, to: GPUBuffer) => EncodeCopy,
): Promise<Candidate | Unable> {
  try {
    const device = await gpuDevice();
    const bytes = copySource(work);
    const from = gpuBuffer(device, bytes);
    const to = gpuBuffer(device, bytes.length);
    const encode = prepare(device, from, to);
    return {
      run: async (count) => {
        const encoder = device.createCommandEncoder();
        for (let i = 0; i < count; i++) encode(encoder);
        device.queue.submit([encoder.finish()]);
        await device.queue.onSubmittedWorkDone();
      },
      result: async () => ({ copied: await gpuBytes(device, to) }),
      dispose: () => {
        from.destroy();
        to.destroy();
      },
    };
  } catch (error) {
    return unableFor(error);
  }
}
