import type { Candidate } from '../candidate.ts';
import { GPUStopwatch } from './gpu-stopwatch.ts';

/** A candidate on a GPU whose runs are put into an encoder, which is submitted elsewhere. */
export interface EncodedRuns extends Pick<Candidate, 'result' | 'dispose'> {
  /** Puts one run into the encoder. */
  encode(encoder: GPUCommandEncoder): void;
}

/** A candidate whose runs are submitted together, and waited for. */
export function submitted(device: GPUDevice, { encode, result, dispose }: EncodedRuns): Candidate {
  return {
    run: async (count) => {
      const encoder = device.createCommandEncoder();
      for (let i = 0; i < count; i++) encode(encoder);
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
    },
    result,
    dispose,
  };
}

/** The same, timed by the device's own clock. */
export function timedByDevice(device: GPUDevice, runs: EncodedRuns): Candidate {
  const stopwatch = new GPUStopwatch(device);
  return {
    ...submitted(device, runs),
    stopwatch: (count) =>
      stopwatch.time((encoder) => {
        for (let i = 0; i < count; i++) runs.encode(encoder);
      }),
    dispose: async () => {
      await runs.dispose();
      stopwatch.dispose();
    },
  };
}
