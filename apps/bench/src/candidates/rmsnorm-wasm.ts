import { type Backend, type HostTensor, RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import type { Candidate, Entrant } from '../candidate.ts';
import type { Workload } from '../workload.ts';

export const rmsnormWasm: Entrant = {
  name: 'rmsnorm-wasm',
  does: 'norm',
  about: '@rmsnorm/wasm: forward(x, out) in its heap, or apply() from and to outside arrays',
  async create(work: Workload): Promise<Candidate> {
    const backend = await wasm().create();
    const norm = new RMSNorm({ ...work.shape.options, eps: work.eps });
    norm.gamma = { dtype: 'float32', shape: [work.gamma.length], data: work.gamma };
    return work.place === 'resident' ? resident(work, backend, norm) : outside(work, backend, norm);
  },
};

function resident({ x: data, dtype, shape }: Workload, backend: Backend, norm: RMSNorm): Candidate {
  const x = backend.tensor(data, shape.shape, dtype);
  const out = backend.empty(shape.shape, dtype);
  return {
    run: (count) => {
      for (let i = 0; i < count; i++) norm.forward(x, out);
    },
    result: async () => (await out.data()) as Float32Array | Uint16Array,
    dispose: () => backend.dispose(),
  };
}

function outside({ x: data, dtype, shape }: Workload, backend: Backend, norm: RMSNorm): Candidate {
  const x: HostTensor = { dtype, shape: shape.shape, data };
  const out = { dtype, shape: shape.shape, data: data.slice().fill(0) };
  return {
    run: async (count) => {
      for (let i = 0; i < count; i++) await norm.apply(x, backend, { out });
    },
    result: async () => out.data,
    dispose: () => backend.dispose(),
  };
}
