import { RMSNorm, rmsNorm } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { expectThrow } from '../../case/refusal.ts';
import { withTensors } from '../../case/tensors.ts';
import { matrix, untyped } from './refusal-spec.ts';

/** Each is refused by the constructor and by the function. */
const OPTIONS: Readonly<Record<string, object>> = {
  'no-dim': {},
  'dim=0': { dim: 0 },
  'dim=-5': { dim: -5 },
  'dim=2.5': { dim: 2.5 },
  'dim=NaN': { dim: Number.NaN },
  'dim=text': { dim: '5' },
  'dim=none': { dim: [] },
  'dims=zero': { dim: [5, 0] },
  'groups=0': { dim: 5, groups: 0 },
  'groups=2-of-5': { dim: 5, groups: 2 },
  'groups=1.5': { dim: 3, groups: 1.5 },
  'axis=0.5': { dim: 5, axis: 0.5 },
  'eps=-1': { dim: 5, eps: -1e-9 },
  'eps=NaN': { dim: 5, eps: Number.NaN },
  'eps=Infinity': { dim: 5, eps: Number.POSITIVE_INFINITY },
  'epsMode=max': { dim: 5, epsMode: 'max' },
  'scale=NaN': { dim: 5, scale: Number.NaN },
  'scale=Infinity': { dim: 5, scale: Number.POSITIVE_INFINITY },
  'partial=0': { dim: 5, partial: 0 },
  'partial=1.01': { dim: 5, partial: 1.01 },
  'partial=-0.5': { dim: 5, partial: -0.5 },
  'partial=0.5,epsMode=clamp': { dim: 5, partial: 0.5, epsMode: 'clamp' },
  'casting=bert': { dim: 5, casting: 'bert' },
  'weightOffset=NaN': { dim: 5, weightOffset: Number.NaN },
  'epsilon=1': { dim: 5, epsilon: 1e-6 },
};

export const optionErrorCases: readonly Case[] = Object.entries(OPTIONS).map(([name, given]) => ({
  id: caseId('forward/errors', { option: name }),
  requires: { op: 'forward', dtypes: ['float32'] },
  async run({ backend }) {
    expectThrow('INVALID_OPTION', `new RMSNorm(${name})`, () => new RMSNorm(untyped({ axis: -1, ...given })));
    await withTensors(backend, async (tensors) => {
      const x = matrix(tensors);
      expectThrow('INVALID_OPTION', `rmsNorm(x, ${name})`, () => rmsNorm(x, untyped({ axis: -1, ...given })));
    });
  },
}));
