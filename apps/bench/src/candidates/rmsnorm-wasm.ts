import type { Backend, HostTensor, RMSNorm, Tensor } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';
import type { Candidate, Entrant, Outputs } from '../candidate.ts';
import type { Workload } from '../workload.ts';
import { type Calls, callsOf, download, normOf, upload } from './rmsnorm-calls.ts';

export const rmsnormWasm: Entrant = {
  name: 'rmsnorm-wasm',
  does: 'norm',
  about: '@rmsnorm/wasm: tensors in its heap and `out`; end to end apply(), for other operations tensor() and data()',
  async create(work: Workload): Promise<Candidate> {
    const backend = await wasm({ threads: threads(work.threads) }).create();
    const norm = normOf(work);
    if (work.place === 'resident') return repeated(callsOf(work, backend, norm, upload(work, backend)), backend);
    return work.op === 'forward' ? applied(work, backend, norm) : endToEnd(work, backend, norm);
  },
};

/** A candidate that repeats a call on tensors of the backend. */
export function repeated({ call, outputs }: Calls, backend: Backend): Candidate {
  return {
    run: (count) => {
      for (let i = 0; i < count; i++) call();
    },
    result: () => download(outputs()),
    dispose: () => backend.dispose(),
  };
}

function applied({ inputs: { x: data }, dtype, shape }: Workload, backend: Backend, norm: RMSNorm): Candidate {
  const x: HostTensor = { dtype, shape: shape.shape, data };
  const out = { dtype, shape: shape.shape, data: data.slice().fill(0) };
  return {
    run: async (count) => {
      for (let i = 0; i < count; i++) await norm.apply(x, backend, { out });
    },
    result: async () => ({ y: out.data }),
    dispose: () => backend.dispose(),
  };
}

function endToEnd(work: Workload, backend: Backend, norm: RMSNorm): Candidate {
  let result: Outputs = {};
  const once = async (): Promise<void> => {
    const inputs = upload(work, backend);
    const { call, outputs } = callsOf(work, backend, norm, inputs);
    call();
    result = await download(outputs());
    for (const tensor of [...inputs, ...Object.values(outputs())] satisfies Tensor[]) tensor.dispose();
  };
  return {
    run: async (count) => {
      for (let i = 0; i < count; i++) await once();
    },
    result: async () => result,
    dispose: () => backend.dispose(),
  };
}
