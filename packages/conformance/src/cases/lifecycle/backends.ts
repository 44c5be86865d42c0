import { RMSNorm, rmsNorm } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { expectRefusal, expectThrow } from '../../case/refusal.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareY, verifyForward } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';
import { checkMemory, lifecycle, OPTIONS, SPEC } from './lifecycle-case.ts';

export const backendLifecycleCases: readonly Case[] = [
  lifecycle('backend-disposed', async ({ provider }) => {
    const backend = await provider.create();
    const x = backend.tensor(new Float32Array(33).fill(2), [1, 33]);
    const norm = new RMSNorm(OPTIONS);
    norm.forward(x);
    await backend.dispose();
    await backend.dispose();
    expectThrow('DISPOSED', 'tensor() of a disposed backend', () => backend.tensor([1], [1]));
    expectThrow('DISPOSED', 'empty() of a disposed backend', () => backend.empty([1]));
    expectThrow('DISPOSED', 'forward on a disposed backend', () => norm.forward(x));
    expectThrow('DISPOSED', 'rmsNorm on a disposed backend', () => rmsNorm(x, OPTIONS));
    await expectRefusal('DISPOSED', 'data() on a disposed backend', () => x.data());
    const host = { dtype: 'float32' as const, shape: [1, 33], data: new Float32Array(33) };
    await expectRefusal('DISPOSED', 'apply on a disposed backend', () => norm.apply(host, backend));
    x.dispose();
    norm.dispose();
  }),
  lifecycle('backends-apart', async (subject) => {
    const first = await subject.provider.create();
    const second = await subject.provider.create();
    try {
      const inputs = inputsOf(SPEC, subject.random);
      const before = second.memory();
      const held = first.tensor([1], [1]);
      checkMemory(second, before, 'after another backend allocated');
      await verifyForward({ ...subject, backend: first }, inputs);
      held.dispose();
      await first.dispose();
      await verifyForward({ ...subject, backend: second }, inputs);
    } finally {
      await first.dispose();
      await second.dispose();
    }
  }),
  lifecycle('norm-on-two-backends', async (subject) => {
    const other = await subject.provider.create();
    const norm = new RMSNorm(OPTIONS);
    try {
      const inputs = inputsOf(SPEC, subject.random);
      norm.gamma = { dtype: 'float32', shape: [33], data: inputs.gamma! };
      for (const backend of [subject.backend, other, subject.backend]) {
        await withTensors(backend, async (made) => {
          const y = made.keep(norm.forward(made.of(inputs.x, inputs.shape)));
          compareY(subject, inputs, (await read(y)).values, { lookAt: 'gamma is uploaded once for each backend' });
        });
      }
    } finally {
      norm.dispose();
      await other.dispose();
    }
  }),
  lifecycle('many-backends', async (subject) => {
    for (let i = 0; i < 3; i++) {
      const backend = await subject.provider.create();
      try {
        await verifyForward({ ...subject, backend }, inputsOf(SPEC, subject.random));
      } finally {
        await backend.dispose();
      }
    }
  }),
  lifecycle('backend-symbol-dispose', async ({ provider }) => {
    const symbol = (Symbol as { asyncDispose?: symbol }).asyncDispose;
    const backend = await provider.create();
    if (symbol) await (backend as unknown as Record<symbol, () => Promise<void>>)[symbol]!();
    else await backend.dispose();
    expectThrow('DISPOSED', 'tensor() after Symbol.asyncDispose', () => backend.tensor([1], [1]));
  }),
];
