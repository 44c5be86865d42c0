import { sumSquares } from '@rmsnorm/core';
import { LAST, matrix, untyped } from '../../errors/refusal-spec.ts';
import type { OperationErrors } from './operation-errors.ts';
import { gone } from './wrong-operands.ts';

/** Wrong calls of sumSquares. */
export const SUM_SQUARES_ERRORS: OperationErrors = {
  refused: {
    'x-int8': { code: 'DTYPE', call: (t) => sumSquares(t.empty([3, 5], 'int8'), LAST) },
    'x-disposed': { code: 'DISPOSED', call: (t) => sumSquares(gone(t), LAST) },
    'x-other-shape': { code: 'SHAPE', call: (t) => sumSquares(matrix(t, [3, 4]), LAST) },
    'x-array': { code: 'FOREIGN_TENSOR', call: () => sumSquares(untyped(new Float32Array(5)), LAST) },
    partial: {
      code: 'INVALID_OPTION',
      features: ['partial'],
      call: (t) => sumSquares(matrix(t), { ...LAST, partial: 0.5 }),
    },
  },
  foreign: (t, other) => ({
    gamma: () => sumSquares(matrix(t), { ...LAST, gamma: matrix(other, [5]) }),
  }),
  partlyRight: {},
};
