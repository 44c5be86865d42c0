import { createRequire } from 'node:module';
import type { Candidate, Entrant, Unable } from '../candidate.ts';
import { copySource } from '../copy-source.ts';
import type { Workload } from '../workload.ts';
import { cudaDevice } from './cuda-device.ts';
import { unableFor } from './reason.ts';

/** What of the addon is used here. */
interface Addon {
  open(options: { device: number; stream: null; emulated: string | null }): Device;
}

interface Device {
  alloc(bytes: number): number;
  write(address: number, bytes: Uint8Array): void;
  copy(from: number, to: number, bytes: number): void;
  read(address: number, into: Uint8Array, done: (error: Error | null) => void): number;
  close(done: () => void): void;
}

export const cudaCopy: Entrant = {
  name: 'cuda-copy',
  does: 'copy',
  about: "the driver's own copy from device to device (cuMemcpyDtoDAsync), of as many bytes",
  async create(work: Workload): Promise<Candidate | Unable> {
    try {
      return copies(copySource(work), open());
    } catch (error) {
      return unableFor(error);
    }
  },
};

function open(): Device {
  const addon = createRequire(import.meta.url)('@rmsnorm/cuda-linux-x64-gnu/rmsnorm-cuda.node') as Addon;
  const device = cudaDevice();
  if (typeof device === 'number') return addon.open({ device, stream: null, emulated: null });
  return addon.open({ device: 0, stream: null, emulated: device === 'emulated sm_80' ? 'sm_80' : 'sm_90' });
}

function copies(bytes: Uint8Array, device: Device): Candidate {
  const [from, to] = [device.alloc(bytes.length), device.alloc(bytes.length)];
  device.write(from, bytes);
  const read = (into: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      device.read(to, into, (error) => (error === null ? resolve(into) : reject(error)));
    });
  return {
    run: async (count) => {
      for (let i = 0; i < count; i++) device.copy(from, to, bytes.length);
      await read(new Uint8Array(4));
    },
    result: async () => ({ copied: await read(new Uint8Array(bytes.length)) }),
    dispose: () => new Promise((resolve) => device.close(resolve)),
  };
}
