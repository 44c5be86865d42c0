import { rmsNormQuantized } from '@rmsnorm/core';
import type { Tensors } from '../../../case/tensors.ts';
import { LAST, matrix, untyped } from '../../errors/refusal-spec.ts';
import type { OperationErrors } from './operation-errors.ts';
import { COLUMN, half } from './wrong-operands.ts';

/** Wrong calls of forwardQuantized. */
export const FORWARD_QUANTIZED_ERRORS: OperationErrors = {
  refused: {
    'q-float32': { code: 'DTYPE', call: (t) => rmsNormQuantized(matrix(t), { ...LAST, out: { q: matrix(t) } }) },
    'q-other-shape': {
      code: 'SHAPE',
      call: (t) => rmsNormQuantized(matrix(t), { ...LAST, out: { q: t.empty([5, 3], 'int8') } }),
    },
    'q-disposed': {
      code: 'DISPOSED',
      call: (t) => {
        const q = t.empty([3, 5], 'int8');
        q.dispose();
        return rmsNormQuantized(matrix(t), { ...LAST, out: { q } });
      },
    },
    'scales-flat': {
      code: 'SHAPE',
      call: (t) => rmsNormQuantized(matrix(t), { ...LAST, out: { scales: matrix(t, [3]) } }),
    },
    'scales-float16': {
      code: 'DTYPE',
      dtypes: ['float16'],
      call: (t) => rmsNormQuantized(half(t), { ...LAST, out: { scales: half(t, [3, 1]) } }),
    },
    'scales-are-x': {
      code: 'ALIASING',
      call: (t) => {
        const x = matrix(t, [4, 1]);
        return rmsNormQuantized(x, { ...COLUMN, out: { scales: x } });
      },
    },
    'scales-are-gamma': {
      code: 'ALIASING',
      call: (t) => {
        const gamma = matrix(t, [1, 1]);
        return rmsNormQuantized(matrix(t, [1, 1]), { ...COLUMN, gamma, out: { scales: gamma } });
      },
    },
    'x-int8': { code: 'DTYPE', call: (t) => rmsNormQuantized(t.empty([3, 5], 'int8'), LAST) },
    ...Object.fromEntries(
      [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e-50, 1e39, untyped('1')].map((quantScale) => [
        `scale-${quantScale}`,
        {
          code: 'INVALID_OPTION',
          call: (t: Tensors) => rmsNormQuantized(matrix(t), { ...LAST, quantScale }),
        } as const,
      ]),
    ),
  },
  foreign: (t, other) => ({
    q: () => rmsNormQuantized(matrix(t), { ...LAST, out: { q: other.empty([3, 5], 'int8') } }),
    scales: () => rmsNormQuantized(matrix(t), { ...LAST, out: { scales: matrix(other, [3, 1]) } }),
  }),
  partlyRight: {
    'q-wrong,scales-right': {
      code: 'SHAPE',
      good: (t) => matrix(t, [3, 1]),
      call: (t, scales) => rmsNormQuantized(matrix(t), { ...LAST, out: { scales, q: t.empty([5, 3], 'int8') } }),
    },
  },
};
