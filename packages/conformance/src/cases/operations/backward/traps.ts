import { FLOAT_DTYPES, rmsNormBackward } from '@rmsnorm/core';
import type { Case } from '../../../case/case.ts';
import { caseId } from '../../../case/case-id.ts';
import { check } from '../../../case/failure.ts';
import { read, withTensors } from '../../../case/tensors.ts';
import { cycle } from '../../../inputs/distributions.ts';
import { BACKWARD } from '../../../operations/backward.ts';
import { operationCase } from '../../../operations/run-call.ts';

/** Where gamma is 0, y tells nothing of x, and dgamma is as exact as elsewhere. */
const zeroGammaCases: readonly Case[] = FLOAT_DTYPES.map((dtype) =>
  operationCase(caseId('backward/traps', { gamma: 0, dtype }), BACKWARD, {
    shape: [7, 33],
    options: { dim: 33, axis: -1 },
    dtype,
    gamma: cycle([0, 1, 0, -2]),
    lookAt: 'dgamma is the sum of dy * x * r, whatever gamma is',
  }),
);

/** Numbers that an independent program has computed. */
const goldenCase: Case = {
  id: caseId('backward/traps', { trap: 17, dtype: 'float32' }),
  requires: { op: 'backward', dtypes: ['float32'] },
  run: ({ backend }) =>
    withTensors(backend, async (tensors) => {
      const x = tensors.float32(Float32Array.of(1, -2, 3, 0.5, 0.25, -0.125), [2, 3]);
      const dy = tensors.float32(Float32Array.of(1, 1, 1, 2, -1, 0.5), [2, 3]);
      const gamma = tensors.float32(Float32Array.of(0.5, 2, -1));
      const { dx, dgamma } = rmsNormBackward(x, dy, { dim: 3, axis: -1, eps: 1e-5, gamma });
      const results = { dx: tensors.keep(dx), dgamma: tensors.keep(dgamma!) };
      const expected = {
        dx: [0.446376609297, 0.495975443142, 0.181855943111, 2.735644123645, -6.191121854538, -1.439805422547],
        dgamma: [3.486487120456, -1.68171349946, 1.199755063827],
      };
      for (const name of ['dx', 'dgamma'] as const) {
        const { values } = await read(results[name]);
        for (const [i, value] of expected[name].entries()) {
          check(
            Math.abs(values[i]! - value) <= 1e-5 * Math.max(1, Math.abs(value)),
            () => `${name}[${i}] is ${values[i]}, an independent program gives ${value}`,
          );
        }
      }
    }),
};

/** Where known implementations of backward fail. */
export const backwardTrapCases: readonly Case[] = [...zeroGammaCases, goldenCase];
