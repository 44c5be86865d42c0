import { cuda } from '@rmsnorm/cuda';
import type { Candidate, Entrant } from '../candidate.ts';
import type { Workload } from '../workload.ts';
import { cudaDevice } from './cuda-device.ts';
import { callsOf, download, normOf, upload } from './rmsnorm-calls.ts';

export const rmsnormCuda: Entrant = {
  name: 'rmsnorm-cuda',
  does: 'norm',
  about: '@rmsnorm/cuda: tensors on its device and `out`, one wait for all calls of a turn',
  async create(work: Workload): Promise<Candidate> {
    const backend = await cuda({ device: cudaDevice() }).create();
    const { call, outputs } = callsOf(work, backend, normOf(work), upload(work, backend));
    const last = backend.empty([1]);
    return {
      run: async (count) => {
        for (let i = 0; i < count; i++) call();
        // A read arrives after all that was enqueued before it.
        await last.data();
      },
      result: () => download(outputs()),
      dispose: () => backend.dispose(),
    };
  },
};
