import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../../case/case.ts';
import { caseId } from '../../../case/case-id.ts';
import type { Distribution } from '../../../inputs/distributions.ts';
import { BACKWARD } from '../../../operations/backward.ts';
import { operationCase } from '../../../operations/run-call.ts';

/** Norms from a third of `eps` to three times it, but none close to it. */
const around = (eps: number, size: number): Distribution => {
  const factors = [0.35, 0.8, 1.25, 1.6, 3].map((factor) => (factor * eps) / Math.sqrt(size));
  return (random, count) =>
    new Float64Array(count).map((_, i) => factors[Math.floor(i / size) % 5]! * (random.bits() & 1 ? 1 : -1));
};

/** Where 'clamp' is active r is a constant: it is the norm that says so, not its square, whatever eps is. */
export const clampCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [0.2, 6].map((eps) =>
    operationCase(caseId('backward/clamp', { norms: 'around-eps', eps, dtype }), BACKWARD, {
      dtype,
      shape: [5, 33],
      options: { dim: 33, axis: -1, epsMode: 'clamp', eps },
      x: around(eps, 33),
      lookAt: 'where the norm is below eps r is a constant, and dx has no middle term',
    }),
  ),
);
