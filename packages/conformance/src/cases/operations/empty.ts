import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { OTHER_OPERATIONS } from '../../operations/all.ts';
import { type ForwardSpec, requirementsOf } from '../../operations/forward-spec.ts';
import { outcomeOf } from '../../operations/run-call.ts';

const EMPTY: readonly ForwardSpec[] = [
  { shape: [0, 5], options: { dim: 5, axis: -1 } },
  { shape: [2, 6, 0], options: { dim: 6, groups: 3 }, beta: true },
  { shape: [0, 3, 5, 7], options: { dim: [3, 5], axis: 1 } },
];

/** Empty tensors give empty tensors; dgamma and dbeta of no rows are zeros. */
export const emptyOperationCases: readonly Case[] = OTHER_OPERATIONS.flatMap((model) =>
  FLOAT_DTYPES.flatMap((dtype) =>
    EMPTY.map((base, variation): Case => {
      const spec: ForwardSpec = { ...base, dtype, ...(model.op === 'sumSquares' && { gamma: null, beta: null }) };
      return {
        id: caseId(`${model.op}/empty`, { variation, dtype, shape: showShape(base.shape) }),
        requires: requirementsOf(spec, model.op),
        async run(subject) {
          const prepared = model.prepare(spec as never, subject.random);
          // Dirty memory: dgamma of zeros must be written, too.
          for (let i = 0; i < 3; i++) {
            await withTensors(subject.backend, async (tensors) => {
              for (const { shape, dtype: kind } of Object.values(prepared.outputs)) {
                if (kind !== 'int8') tensors.filled(7, shape, kind);
              }
            });
            const results = await outcomeOf(subject, prepared);
            for (const [name, values] of Object.entries(results)) {
              const zeros = name === 'dgamma' || name === 'dbeta' ? values.length : 0;
              compareBits(values, new Float32Array(zeros), 'float32', `${name} of an empty tensor`);
            }
          }
        },
      };
    }),
  ),
);
