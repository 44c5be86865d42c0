import type { Candidate, Unable } from '../candidate.ts';
import { copySource } from '../copy-source.ts';
import type { Workload } from '../workload.ts';
import { gpuBuffer, gpuBytes } from './gpu-buffers.ts';
import { gpuDevice } from './gpu-device.ts';
import { type EncodedRuns, submitted } from './gpu-runs.ts';
import { unableFor } from './reason.ts';

/** Prepares the copy from one buffer to another. The function that it returns puts one copy into an encoder. */
export type CopyBetween = (from: GPUBuffer, to: GPUBuffer) => (encoder: GPUCommandEncoder) => void;

/** A way to copy, on a device. */
export type CopyOn = (device: GPUDevice) => CopyBetween;

/** A copy of as many bytes as the workload moves, from a GPUBuffer to another. */
export async function gpuCopy(work: Workload, copyOn: CopyOn): Promise<Candidate | Unable> {
  try {
    const device = await gpuDevice();
    return submitted(device, encodedCopies(device, work, copyOn, 1));
  } catch (error) {
    return unableFor(error);
  }
}

/** Copies between pairs of buffers: each run takes the next of `sets` pairs. */
export function encodedCopies(device: GPUDevice, work: Workload, copyOn: CopyOn, sets: number): EncodedRuns {
  const bytes = copySource(work);
  const copyBetween = copyOn(device);
  const pairs = Array.from({ length: sets }, () => {
    const from = gpuBuffer(device, bytes);
    const to = gpuBuffer(device, bytes.length);
    return { from, to, copy: copyBetween(from, to) };
  });
  let runs = 0;
  return {
    encode: (encoder) => pairs[runs++ % sets]!.copy(encoder),
    result: async () => ({ copied: await gpuBytes(device, pairs[(runs - 1) % sets]!.to) }),
    dispose: () => {
      for (const { from, to } of pairs) {
        from.destroy();
        to.destroy();
      }
    },
  };
}
