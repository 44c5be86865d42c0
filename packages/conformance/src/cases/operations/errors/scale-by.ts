import { scaleBy } from '@rmsnorm/core';
import type { Tensors } from '../../../case/tensors.ts';
import { LAST, matrix, untyped } from '../../errors/refusal-spec.ts';
import type { OperationErrors } from './operation-errors.ts';
import { COLUMN, column, wrongOptional, wrongStatistic } from './wrong-operands.ts';

/** Wrong calls of scaleBy. */
export const SCALE_BY_ERRORS: OperationErrors = {
  refused: {
    ...wrongStatistic('sums', [], (t, sums) => scaleBy(matrix(t), sums, 5, LAST)),
    'sums-missing': { code: 'FOREIGN_TENSOR', call: (t) => scaleBy(matrix(t), untyped(undefined), 5, LAST) },
    ...wrongOptional('out', (t, out) => scaleBy(matrix(t), matrix(t, [3, 1, 1]), 5, { ...LAST, out })),
    partial: {
      code: 'INVALID_OPTION',
      features: ['partial'],
      call: (t) => scaleBy(matrix(t), matrix(t, [3, 1, 1]), 5, { ...LAST, partial: 0.5 }),
    },
    ...Object.fromEntries(
      [4, 0, -5, 5.5, Number.NaN, Number.POSITIVE_INFINITY, untyped('5'), untyped(undefined)].map((count) => [
        `count-${count}`,
        {
          code: 'INVALID_OPTION',
          call: (t: Tensors) => scaleBy(matrix(t), matrix(t, [3, 1, 1]), count, LAST),
        } as const,
      ]),
    ),
    'out-is-sums': {
      code: 'ALIASING',
      call: (t) => {
        const sums = column(t);
        return scaleBy(column(t), sums, 1, { ...COLUMN, out: sums });
      },
    },
    'out-is-gamma': {
      code: 'ALIASING',
      call: (t) => {
        const gamma = matrix(t, [1, 5]);
        return scaleBy(matrix(t, [1, 5]), matrix(t, [1, 1, 1]), 5, { ...LAST, gamma, out: gamma });
      },
    },
  },
  foreign: (t, other) => ({
    sums: () => scaleBy(matrix(t), matrix(other, [3, 1, 1]), 5, LAST),
    out: () => scaleBy(matrix(t), matrix(t, [3, 1, 1]), 5, { ...LAST, out: matrix(other) }),
  }),
  partlyRight: {
    'count-wrong,out-right': {
      code: 'INVALID_OPTION',
      good: matrix,
      call: (t, out) => scaleBy(matrix(t), matrix(t, [3, 1, 1]), 4, { ...LAST, out }),
    },
  },
};
