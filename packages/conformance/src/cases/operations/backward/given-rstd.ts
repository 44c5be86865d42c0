import { FLOAT_DTYPES, rmsNorm } from '@rmsnorm/core';
import type { Case } from '../../../case/case.ts';
import { caseId, showShape } from '../../../case/case-id.ts';
import { withTensors } from '../../../case/tensors.ts';
import { BACKWARD, type BackwardSpec } from '../../../operations/backward.ts';
import { requirementsOf } from '../../../operations/forward-spec.ts';
import { weightTensors } from '../../../operations/operands.ts';
import { alsoNeeds, numbersOf, operationCase, perform, upload } from '../../../operations/run-call.ts';

/** An rstd that is not that of x: backward must use the one that it is given. */
const givenCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [
    { shape: [5, 130], options: { dim: 130, axis: -1, scale: 3 } },
    { shape: [3, 12, 5], options: { dim: 12, groups: 3, partial: 0.5 } },
  ].flatMap((layout) =>
    [1.5, 0].map((factor) =>
      operationCase(caseId('backward/given-rstd', { factor, dtype, shape: showShape(layout.shape) }), BACKWARD, {
        ...layout,
        dtype,
        rstd: true,
        rstdFactor: factor,
        lookAt: 'rstd holds r / alpha, and is used as it is given',
      }),
    ),
  ),
);

/** backward takes the rstd that forward has written. */
const fromForwardCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  (['add', 'clamp'] as const).map((epsMode): Case => {
    const spec: BackwardSpec = {
      shape: [4, 3, 37],
      options: { dim: 37, axis: -1, epsMode, scale: 2 },
      dtype,
      rstd: true,
    };
    return {
      id: caseId('backward/rstd-of-forward', { mode: epsMode, dtype }),
      requires: requirementsOf(spec, 'backward'),
      async run(subject) {
        alsoNeeds(subject, requirementsOf(spec, 'forward'));
        const prepared = BACKWARD.prepare(spec, subject.random);
        await withTensors(subject.backend, async (tensors) => {
          const inputs = upload(tensors, prepared);
          const { x, rstd, ...rest } = inputs;
          tensors.keep(rmsNorm(x!, { ...spec.options, ...weightTensors(rest), rstd: rstd! }));
          prepared.compare(await numbersOf(perform(tensors, prepared, inputs)), subject.backend.supports);
        });
      },
    };
  }),
);

/** rstd as an input of backward. */
export const givenRstdCases: readonly Case[] = [...givenCases, ...fromForwardCases];
