import { webgpu } from '@rmsnorm/webgpu';
import type { Candidate, Entrant } from '../candidate.ts';
import type { Workload } from '../workload.ts';
import { gpuDevice } from './gpu-device.ts';
import { callsOf, download, normOf, upload } from './rmsnorm-calls.ts';

export const rmsnormWebgpu: Entrant = {
  name: 'rmsnorm-webgpu',
  does: 'norm',
  about: '@rmsnorm/webgpu: tensors on its device and `out`, one submit for all calls of a turn',
  async create(work: Workload): Promise<Candidate> {
    const device = await gpuDevice();
    const backend = await webgpu({ device }).create();
    const { call, outputs } = callsOf(work, backend, normOf(work), upload(work, backend));
    return {
      run: async (count) => {
        for (let i = 0; i < count; i++) call();
        backend.flush();
        await device.queue.onSubmittedWorkDone();
      },
      result: () => download(outputs()),
      dispose: () => backend.dispose(),
    };
  },
};
