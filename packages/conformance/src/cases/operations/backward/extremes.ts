import type { Case } from '../../../case/case.ts';
import { caseId, showShape } from '../../../case/case-id.ts';
import { normal } from '../../../inputs/distributions.ts';
import { BACKWARD } from '../../../operations/backward.ts';
import { operationCase } from '../../../operations/run-call.ts';

/** Contiguous rows, and groups of channels-first rows. */
export const ROW = { shape: [3, 65], options: { dim: 65, axis: -1 } } as const;
export const COLUMNS = { shape: [2, 12, 5], options: { dim: 12, groups: 3 } } as const;

const EXTREMES: readonly { factor: number; eps: number }[] = [
  { factor: 1e30, eps: 1e-6 },
  { factor: 1e19, eps: 0 },
  { factor: 1e-15, eps: 0 },
  { factor: 1e-20, eps: 0 },
  { factor: 1e-30, eps: 0 },
  { factor: 1e-30, eps: 1e-6 },
];

/** Rows of 1e30 and 1e-30. */
export const backwardExtremeCases: readonly Case[] = EXTREMES.flatMap(({ factor, eps }) =>
  (['float32', 'bfloat16'] as const).flatMap((dtype) =>
    [ROW, COLUMNS].flatMap((layout) =>
      [false, true].map((rstd) =>
        operationCase(
          caseId('backward/extremes', {
            x: factor.toExponential(0),
            eps,
            rstd: rstd ? 'given' : 'recomputed',
            dtype,
            shape: showShape(layout.shape),
          }),
          BACKWARD,
          {
            ...layout,
            options: { ...layout.options, eps },
            dtype,
            rstd,
            x: normal(factor),
            promises: ['extremes'],
            lookAt: 'dx = r * (g - x r * mean(g x r) / alpha^2): neither x^2, g x nor r^3 needs to fit into float32',
          },
        ),
      ),
    ),
  ),
);
