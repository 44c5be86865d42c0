import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { cycle, type Distribution, normal } from '../../inputs/distributions.ts';
import { compareY, enqueue } from '../../operations/forward.ts';
import { type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';
import { STALE } from './guards.ts';

/** Rows that kernels often treat in another way than most: that way, too, must write all of y, and nothing to x. */
const ROWS: Readonly<Record<string, Distribution>> = {
  zeros: cycle([0]),
  huge: normal(2 ** 15),
  'huge-float32': normal(1e30),
  tiny: normal(1e-30),
  infinite: cycle([Number.POSITIVE_INFINITY, 1, -2]),
  nan: cycle([Number.NaN, 1, -2]),
};

const SHAPES = [
  { shape: [4, 37], options: { dim: 37 } },
  { shape: [2, 12, 5], options: { dim: 12 } },
];

export const specialRowCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  Object.entries(ROWS).flatMap(([rows, x]) =>
    SHAPES.filter(() => dtype !== 'float16' || (rows !== 'huge-float32' && rows !== 'tiny')).map(
      ({ shape, options }): Case => {
        const spec: ForwardSpec = { dtype, shape, options, x, promises: ['extremes', 'nonFinite'] };
        return {
          id: caseId('forward/isolation', { check: 'special-rows', rows, dtype, shape: showShape(shape) }),
          requires: requirementsOf(spec),
          async run(subject) {
            const inputs = inputsOf(spec, subject.random);
            await withTensors(subject.backend, async (tensors) => {
              const source = tensors.of(inputs.x, shape);
              const out = tensors.filled(STALE, shape, dtype);
              enqueue(tensors, inputs, { out }, source);
              compareY(subject, inputs, (await read(out)).values, { stale: STALE });
              compareBits(
                (await read(source)).values,
                inputs.x.values,
                dtype,
                `x, rows of ${rows}, was changed by the forward`,
              );
            });
          },
        };
      },
    ),
  ),
);
