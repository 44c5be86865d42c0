import { type Backend, type BackendProvider, createBackend, type Driver, pickBackend, reference } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { able } from './backends.ts';
import { requireSupport } from './commands/run-job.ts';

/** Float32 without inner and beta: for what is refused before any kernel runs. */
const limited: BackendProvider = {
  name: 'limited',
  apiVersion: 1,
  probe: async () => ({ ok: true, device: 'none' }),
  create: async () =>
    createBackend({
      name: 'limited',
      device: 'none',
      supports: { ops: ['forward'], dtypes: ['float32'], accuracy: 'ieee', features: [], promises: [] },
      forward() {},
      dispose() {},
    } as unknown as Driver<object>),
};

const options = {
  ...{ dims: [4], features: 4, axis: 1, groups: 1, size: 4, eps: 1e-6, epsMode: 'add', scale: 2, partial: 1 },
  ...{ affine: false, bias: false, weightOffset: 0, casting: 'gemma', normBeforeGate: false },
} as const;

function job(dtype: 'float32' | 'bfloat16', inner: number, beta: Float32Array | null = null): never {
  const layout = { outer: 2, groups: 1, size: 4, inner };
  return { source: { dtype }, layout, options, weights: { gamma: null, beta } } as never;
}

test.each([
  ['nothing that it lacks', job('float32', 1), 'limited', undefined],
  ['a dtype', job('bfloat16', 1), 'reference', "backend 'limited' has no dtype 'bfloat16' for forward: it has float32"],
  ['a layout', job('float32', 3), 'reference', "backend 'limited' has no feature 'inner' for forward"],
  [
    'a beta',
    job('float32', 1, new Float32Array(4)),
    'reference',
    "backend 'limited' has no feature 'beta' for forward",
  ],
])('auto goes on where a backend lacks what the run needs: %s', async (_what, needed, taken, reason) => {
  const check = (backend: Backend): Promise<void> => requireSupport(needed, backend);
  const probes: unknown[] = [];
  const candidates = [limited, reference()].map((provider) => able(provider, check));
  const backend = await pickBackend(candidates, { onProbe: (probe) => probes.push(probe) });
  expect(backend.name).toBe(taken);
  if (reason)
    expect(probes[0]).toMatchObject({ ok: false, code: 'UNSUPPORTED', reason: expect.stringContaining(reason) });
  else expect(probes).toHaveLength(1);
  await backend.dispose();
});
