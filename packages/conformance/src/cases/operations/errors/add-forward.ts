import { addRmsNorm } from '@rmsnorm/core';
import { LAST, matrix } from '../../errors/refusal-spec.ts';
import type { OperationErrors } from './operation-errors.ts';
import { COLUMN, column, wrongLikeX, wrongOptional, wrongStatistic } from './wrong-operands.ts';

/** Wrong calls of addForward. */
export const ADD_FORWARD_ERRORS: OperationErrors = {
  refused: {
    ...wrongLikeX('residual', (t, residual) => addRmsNorm(matrix(t), residual, LAST)),
    ...wrongLikeX('x', (t, x) => addRmsNorm(x, matrix(t), LAST)),
    ...wrongOptional('y', (t, y) => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { y } })),
    ...wrongOptional('sum', (t, sum) => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { sum } })),
    ...wrongStatistic('rstd', ['rstd'], (t, rstd) => addRmsNorm(matrix(t), matrix(t), { ...LAST, rstd })),
    'gamma-short': {
      code: 'SHAPE',
      call: (t) => addRmsNorm(matrix(t), matrix(t), { ...LAST, gamma: matrix(t, [4]) }),
    },
    'y-is-sum': {
      code: 'ALIASING',
      call: (t) => {
        const both = matrix(t);
        return addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { y: both, sum: both } });
      },
    },
    'y-is-sum-is-x': {
      code: 'ALIASING',
      call: (t) => {
        const x = matrix(t);
        return addRmsNorm(x, matrix(t), { ...LAST, out: { y: x, sum: x } });
      },
    },
    'y-is-sum-is-residual': {
      code: 'ALIASING',
      call: (t) => {
        const residual = matrix(t);
        return addRmsNorm(matrix(t), residual, { ...LAST, out: { y: residual, sum: residual } });
      },
    },
    'sum-is-gamma': {
      code: 'ALIASING',
      call: (t) => {
        const gamma = matrix(t, [1, 5]);
        return addRmsNorm(matrix(t, [1, 5]), matrix(t, [1, 5]), { ...LAST, gamma, out: { sum: gamma } });
      },
    },
    'rstd-is-residual': {
      code: 'ALIASING',
      features: ['rstd'],
      call: (t) => {
        const residual = column(t);
        return addRmsNorm(column(t), residual, { ...COLUMN, rstd: residual });
      },
    },
    'rstd-is-sum': {
      code: 'ALIASING',
      features: ['rstd'],
      call: (t) => {
        const rstd = column(t);
        return addRmsNorm(column(t), column(t), { ...COLUMN, rstd, out: { sum: rstd } });
      },
    },
  },
  foreign: (t, other) => ({
    residual: () => addRmsNorm(matrix(t), matrix(other), LAST),
    sum: () => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { sum: matrix(other) } }),
    y: () => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { y: matrix(other) } }),
  }),
  partlyRight: {
    'sum-wrong,y-right': {
      code: 'SHAPE',
      good: matrix,
      call: (t, y) => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { y, sum: matrix(t, [5, 3]) } }),
    },
    'y-wrong,sum-right': {
      code: 'SHAPE',
      good: matrix,
      call: (t, sum) => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { sum, y: matrix(t, [5, 3]) } }),
    },
  },
};
