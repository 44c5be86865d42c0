import { rmsNormBackward } from '@rmsnorm/core';
import { LAST, matrix } from '../../errors/refusal-spec.ts';
import type { OperationErrors } from './operation-errors.ts';
import { COLUMN, column, half, wrongLikeX, wrongOptional, wrongStatistic } from './wrong-operands.ts';

/** Wrong calls of backward. */
export const BACKWARD_ERRORS: OperationErrors = {
  refused: {
    ...wrongLikeX('dy', (t, dy) => rmsNormBackward(matrix(t), dy, LAST)),
    ...wrongOptional('dsum', (t, dsum) => rmsNormBackward(matrix(t), matrix(t), { ...LAST, dsum })),
    ...wrongOptional('dx', (t, dx) => rmsNormBackward(matrix(t), matrix(t), { ...LAST, out: { dx } })),
    ...wrongStatistic('rstd', ['rstd'], (t, rstd) => rmsNormBackward(matrix(t), matrix(t), { ...LAST, rstd })),
    'gamma-long': {
      code: 'SHAPE',
      call: (t) => rmsNormBackward(matrix(t), matrix(t), { ...LAST, gamma: matrix(t, [6]) }),
    },
    'gamma-float16': {
      code: 'DTYPE',
      dtypes: ['float16'],
      call: (t) => rmsNormBackward(matrix(t), matrix(t), { ...LAST, gamma: half(t, [5]) }),
    },
    'dx-is-dsum': {
      code: 'ALIASING',
      call: (t) => {
        const dsum = matrix(t);
        return rmsNormBackward(matrix(t), matrix(t), { ...LAST, dsum, out: { dx: dsum } });
      },
    },
    'dx-is-gamma': {
      code: 'ALIASING',
      call: (t) => {
        const gamma = matrix(t, [1, 5]);
        return rmsNormBackward(matrix(t, [1, 5]), matrix(t, [1, 5]), { ...LAST, gamma, out: { dx: gamma } });
      },
    },
    'dx-is-rstd': {
      code: 'ALIASING',
      features: ['rstd'],
      call: (t) => {
        const rstd = column(t);
        return rmsNormBackward(column(t), column(t), { ...COLUMN, rstd, out: { dx: rstd } });
      },
    },
  },
  foreign: (t, other) => ({
    dy: () => rmsNormBackward(matrix(t), matrix(other), LAST),
    dsum: () => rmsNormBackward(matrix(t), matrix(t), { ...LAST, dsum: matrix(other) }),
    dx: () => rmsNormBackward(matrix(t), matrix(t), { ...LAST, out: { dx: matrix(other) } }),
    gamma: () => rmsNormBackward(matrix(t), matrix(t), { ...LAST, gamma: matrix(other, [5]) }),
  }),
  partlyRight: {
    'dsum-wrong,dx-right': {
      code: 'SHAPE',
      good: matrix,
      call: (t, dx) => rmsNormBackward(matrix(t), matrix(t), { ...LAST, dsum: matrix(t, [5, 3]), out: { dx } }),
    },
  },
};
