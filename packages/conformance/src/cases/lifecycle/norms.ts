import { RMSNorm } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { expectRefusal, expectThrow } from '../../case/refusal.ts';
import { withTensors } from '../../case/tensors.ts';
import { lifecycle, OPTIONS } from './lifecycle-case.ts';

export const normLifecycleCases: readonly Case[] = [
  lifecycle('norm-disposed', async ({ backend }) => {
    const norm = new RMSNorm(OPTIONS);
    await withTensors(backend, async (made) => {
      const x = made.filled(2, [1, 33], 'float32');
      made.keep(norm.forward(x));
      norm.dispose();
      norm.dispose();
      expectThrow('DISPOSED', 'forward of a disposed norm', () => norm.forward(x));
      const host = { dtype: 'float32' as const, shape: [1, 33], data: new Float32Array(33) };
      await expectRefusal('DISPOSED', 'apply of a disposed norm', () => norm.apply(host, backend));
    });
  }),
];
