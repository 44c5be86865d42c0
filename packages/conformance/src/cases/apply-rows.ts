import { FLOAT_DTYPES, RMSNorm } from '@rmsnorm/core';
import type { Case } from '../case.ts';
import { compareForward } from '../compare.ts';
import { caseId, type ForwardSpec, inputsOf, requirementsOf, showShape, toleranceFor } from '../forward.ts';
import { decoded } from '../inputs.ts';

/** Arrays that a streaming `apply` takes in several pieces, the last one short: by rows, and by columns along inner. */
const SHAPES = [
  [1025, 33],
  [4099, 7],
  [20_011, 3],
  [1031, 5, 3],
  [3, 5, 4099],
];

export const applyRowCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  SHAPES.map((shape): Case => {
    const spec: ForwardSpec = { dtype, shape, options: { dim: shape[1]! } };
    return {
      id: caseId('forward/apply', { pieces: 'many', dtype, shape: showShape(shape) }),
      requires: requirementsOf(spec),
      async run(subject) {
        const inputs = inputsOf(spec, subject.random);
        const norm = new RMSNorm(inputs.options);
        try {
          norm.gamma = { dtype: 'float32', shape: [inputs.gamma!.length], data: inputs.gamma! };
          const y = await norm.apply({ dtype, shape, data: inputs.x.data }, subject.backend);
          compareForward(decoded(dtype, y.data as Float32Array | Uint16Array).values, {
            operands: inputs.operands,
            shape,
            tolerance: toleranceFor(subject, inputs),
            what: 'y of apply',
          });
        } finally {
          norm.dispose();
        }
      },
    };
  }),
);
