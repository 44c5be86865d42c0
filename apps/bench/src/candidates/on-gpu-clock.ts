import { RMSNormError } from '@rmsnorm/core';
import { type WebGPUOptions, webgpu } from '@rmsnorm/webgpu';
import type { CandidateName, Entrant } from '../candidate.ts';
import type { Workload } from '../workload.ts';
import { bufferCopy, copyByBuffer } from './buffer-copy.ts';
import { type CopyOn, encodedCopies } from './gpu-copy.ts';
import { gpuDevice } from './gpu-device.ts';
import { timedByDevice } from './gpu-runs.ts';
import { unableFor } from './reason.ts';
import { callsOf, download, normOf, upload } from './rmsnorm-calls.ts';
import { copyByShader, wgslCopy } from './wgsl-copy.ts';

/** Runs rotate through sets of tensors. Together these have so many bytes, which no cache holds. */
const ROTATED_BYTES = 512 * 2 ** 20;

/** The most sets, where tensors are small. */
const MOST_SETS = 16;

export const rmsnormOnGPUClock: Entrant = ours(
  'rmsnorm-webgpu',
  '@rmsnorm/webgpu: tensors on its device and `out`, recorded into one encoder',
);

export const rmsnormByBits: Entrant = ours(
  'rmsnorm-by-bits',
  'the same with { f16: false }: numbers become float16 by operations on bits',
  { f16: false },
);

export const rmsnormWithoutSubgroups: Entrant = ours(
  'rmsnorm-without-subgroups',
  'the same with { subgroups: false }, on a device that has them',
  { subgroups: false },
);

export const bufferCopyOnGPUClock: Entrant = copy(bufferCopy, copyByBuffer);

export const wgslCopyOnGPUClock: Entrant = copy(wgslCopy, copyByShader);

/** @throws RMSNormError UNSUPPORTED where the device has no clock that can be read */
export function requireGPUClock({ features }: Pick<GPUDevice, 'features'>): void {
  if (features.has('timestamp-query')) return;
  throw new RMSNormError('UNSUPPORTED', 'this adapter has no timestamp queries: --adapter chooses another one');
}

function ours(name: CandidateName, about: string, options: WebGPUOptions = {}): Entrant {
  return {
    ...{ name, does: 'norm', about },
    async create(work) {
      const device = await gpuDevice();
      if (options.subgroups === false && !device.features.has('subgroups')) {
        return { unable: 'the device has no subgroups, so that this is rmsnorm-webgpu again' };
      }
      const backend = await webgpu({ ...options, device }).create();
      const norm = normOf(work);
      const sets = Array.from({ length: setsOf(work) }, () => callsOf(work, backend, norm, upload(work, backend)));
      let runs = 0;
      return timedByDevice(device, {
        encode: (encoder) => backend.record(encoder, sets[runs++ % sets.length]!.call),
        result: () => download(sets[(runs - 1) % sets.length]!.outputs()),
        dispose: () => backend.dispose(),
      });
    },
  };
}

function copy({ name, does, about }: Entrant, copyOn: CopyOn): Entrant {
  return {
    ...{ name, does, about },
    async create(work) {
      const device = await gpuDevice();
      try {
        return timedByDevice(device, encodedCopies(device, work, copyOn, setsOf(work)));
      } catch (error) {
        return unableFor(error);
      }
    },
  };
}

function setsOf({ bytesMoved }: Workload): number {
  return Math.max(1, Math.min(MOST_SETS, Math.ceil(ROTATED_BYTES / bytesMoved)));
}
