import { gatedRmsNorm } from '@rmsnorm/core';
import { LAST, matrix, untyped } from '../../errors/refusal-spec.ts';
import type { OperationErrors } from './operation-errors.ts';
import { COLUMN, column, wrongLikeX, wrongOptional, wrongStatistic } from './wrong-operands.ts';

/** Wrong calls of gatedForward. */
export const GATED_FORWARD_ERRORS: OperationErrors = {
  refused: {
    ...wrongLikeX('gate', (t, gate) => gatedRmsNorm(matrix(t), gate, LAST)),
    ...wrongOptional('out', (t, out) => gatedRmsNorm(matrix(t), matrix(t), { ...LAST, out })),
    ...wrongStatistic('rstd', ['rstd'], (t, rstd) => gatedRmsNorm(matrix(t), matrix(t), { ...LAST, rstd })),
    'option-order': {
      code: 'INVALID_OPTION',
      call: (t) => gatedRmsNorm(matrix(t), matrix(t), { ...LAST, normBeforeGate: untyped('yes') }),
    },
    'out-is-gamma': {
      code: 'ALIASING',
      call: (t) => {
        const gamma = matrix(t, [1, 5]);
        return gatedRmsNorm(matrix(t, [1, 5]), matrix(t, [1, 5]), { ...LAST, gamma, out: gamma });
      },
    },
    'rstd-is-gate': {
      code: 'ALIASING',
      features: ['rstd'],
      call: (t) => {
        const gate = column(t);
        return gatedRmsNorm(column(t), gate, { ...COLUMN, rstd: gate });
      },
    },
  },
  foreign: (t, other) => ({
    gate: () => gatedRmsNorm(matrix(t), matrix(other), LAST),
    out: () => gatedRmsNorm(matrix(t), matrix(t), { ...LAST, out: matrix(other) }),
  }),
  partlyRight: {
    'gate-wrong,out-right': {
      code: 'SHAPE',
      good: matrix,
      call: (t, out) => gatedRmsNorm(matrix(t), matrix(t, [5, 3]), { ...LAST, out }),
    },
  },
};
