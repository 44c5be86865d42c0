import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { rowsShape } from '../../expected/normalization.ts';
import { heavyTailed } from '../../inputs/distributions.ts';
import { enqueue, forward } from '../../operations/forward.ts';
import { type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';

const VARIATIONS: readonly ForwardSpec[] = [
  { shape: [5, 130], options: { dim: 130, axis: -1 } },
  { shape: [5, 4099], options: { dim: 4099, axis: -1 } },
  { shape: [3, 20, 7], options: { dim: 20 } },
  { shape: [3, 96], options: { dim: 96, axis: -1, groups: 4 } },
  { shape: [5, 130], options: { dim: 130, axis: -1, partial: 0.5, weightOffset: 1 }, beta: true },
  { shape: [5, 130], options: { dim: 130, axis: -1, casting: 'llama' } },
  { shape: [600, 64], options: { dim: 64, axis: -1 } },
  { shape: [700, 33], options: { dim: 33, axis: -1 }, x: heavyTailed },
];

/** The same call again, in place, and with rstd asked for: each gives the bits of the plain call. */
export const variationCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  VARIATIONS.flatMap((base, index): Case[] => {
    const spec: ForwardSpec = { ...base, dtype, promises: ['invariance'] };
    const parameters = { variation: index, dtype, shape: showShape(spec.shape) };
    const requires = requirementsOf(spec);
    return [
      {
        id: caseId('forward/invariance', { runs: 'repeated', ...parameters }),
        requires,
        async run(subject) {
          const inputs = inputsOf(spec, subject.random);
          const first = await forward(subject, inputs);
          for (let run = 1; run < 4; run++) {
            const again = await forward(subject, inputs);
            compareBits(again.values, first.values, dtype, `run ${run} against the first, same inputs`);
          }
        },
      },
      {
        id: caseId('forward/invariance', { out: 'in-place', ...parameters }),
        requires,
        async run(subject) {
          const inputs = inputsOf(spec, subject.random);
          const apart = await forward(subject, inputs);
          await withTensors(subject.backend, async (tensors) => {
            const x = tensors.of(inputs.x, inputs.shape);
            enqueue(tensors, inputs, { out: x }, x);
            compareBits((await read(x)).values, apart.values, dtype, 'in place (out = x) against a new tensor');
          });
        },
      },
      {
        id: caseId('forward/invariance', { rstd: 'asked', ...parameters }),
        requires: requirementsOf({ ...spec, rstd: true }),
        async run(subject) {
          const inputs = inputsOf(spec, subject.random);
          const without = await forward(subject, inputs);
          await withTensors(subject.backend, async (tensors) => {
            const y = enqueue(tensors, inputs, { rstd: tensors.empty(rowsShape(inputs.operands.normalization)) });
            compareBits((await read(y)).values, without.values, dtype, 'y with rstd asked for against y without');
          });
        },
      },
    ];
  }),
);
