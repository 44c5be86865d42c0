import { RMSNorm } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { inputsOf } from '../../operations/forward-spec.ts';
import { verifyNorm } from './class-case.ts';

/** The example that the project starts from: (batch, channels, height, width). */
export const firstExampleCase: Case = {
  id: caseId('forward/first-example', { shape: '2x512x4x4' }),
  requires: { op: 'forward', dtypes: ['float32'], features: ['inner'] },
  async run(subject) {
    const norm = new RMSNorm(512, 1);
    try {
      const inputs = inputsOf({ shape: [2, 512, 4, 4], options: { dim: 512 }, gamma: null }, subject.random);
      await verifyNorm(subject, norm, inputs, 'new RMSNorm(512, 1).forward(x)');
    } finally {
      norm.dispose();
    }
  },
};
