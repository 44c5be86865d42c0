import { rmsNorm } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { expectThrow } from '../../case/refusal.ts';
import { withTensors } from '../../case/tensors.ts';
import { disposed, LAST, matrix, type RefusalSpecs, untyped } from './refusal-spec.ts';

/** Thrown at once, by `rmsNorm` and by what makes tensors. */
const THROWN: RefusalSpecs = {
  'dim-not-at-axis': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t, [2, 3, 5]), { dim: 5 }) },
  'axis-beyond-rank': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t), { dim: 5, axis: 2 }) },
  'axis-before-rank': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t), { dim: 3, axis: -3 }) },
  'dims-beyond-rank': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t), { dim: [5, 1], axis: 1 }) },
  'scalar-x': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t, []), { dim: 1, axis: -1 }) },
  'dim-of-same-count': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t), { dim: 15, axis: -1 }) },
  'gamma-short': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t), { ...LAST, gamma: matrix(t, [4]) }) },
  'gamma-long': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t), { ...LAST, gamma: matrix(t, [6]) }) },
  'gamma-scalar': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t), { ...LAST, gamma: matrix(t, [1]) }) },
  'beta-long': {
    code: 'SHAPE',
    features: ['beta'],
    call: (t) => rmsNorm(matrix(t), { ...LAST, beta: matrix(t, [15]) }),
  },
  'out-larger': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t), { ...LAST, out: matrix(t, [4, 5]) }) },
  'out-transposed': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t), { ...LAST, out: matrix(t, [5, 3]) }) },
  'out-flat': { code: 'SHAPE', call: (t) => rmsNorm(matrix(t), { ...LAST, out: matrix(t, [15]) }) },
  'rstd-flat': {
    code: 'SHAPE',
    features: ['rstd'],
    call: (t) => rmsNorm(matrix(t), { ...LAST, rstd: matrix(t, [3]) }),
  },
  'tensor-length': { code: 'SHAPE', call: (_, b) => b.tensor([1, 2, 3], [2, 2]) },
  'tensor-negative-length': { code: 'SHAPE', call: (_, b) => b.tensor([1, 2], [-1, -2]) },
  'tensor-fraction': { code: 'SHAPE', call: (_, b) => b.tensor([1, 2, 3], [1.5, 2]) },
  'tensor-no-shape': { code: 'SHAPE', call: (_, b) => b.tensor([1, 2], untyped(undefined)) },
  'empty-nan-length': { code: 'SHAPE', call: (_, b) => b.empty([Number.NaN, 2]) },
  'empty-uncountable': { code: 'SHAPE', call: (_, b) => b.empty([2 ** 52, 2 ** 52]) },

  'x-int8': { code: 'DTYPE', call: (t) => rmsNorm(t.empty([3, 5], 'int8'), LAST) },
  'gamma-float16': {
    code: 'DTYPE',
    dtypes: ['float16'],
    call: (t) => rmsNorm(matrix(t), { ...LAST, gamma: t.filled(1, [5], 'float16') }),
  },
  'beta-bfloat16': {
    code: 'DTYPE',
    dtypes: ['bfloat16'],
    features: ['beta'],
    call: (t) => rmsNorm(matrix(t), { ...LAST, beta: t.filled(1, [5], 'bfloat16') }),
  },
  'out-float16': {
    code: 'DTYPE',
    dtypes: ['float16'],
    call: (t) => rmsNorm(matrix(t), { ...LAST, out: t.filled(1, [3, 5], 'float16') }),
  },
  'out-float32-of-float16': {
    code: 'DTYPE',
    dtypes: ['float16'],
    call: (t) => rmsNorm(t.filled(1, [3, 5], 'float16'), { ...LAST, out: matrix(t) }),
  },
  'rstd-float16': {
    code: 'DTYPE',
    dtypes: ['float16'],
    features: ['rstd'],
    call: (t) => rmsNorm(t.filled(1, [3, 5], 'float16'), { ...LAST, rstd: t.filled(1, [3, 1, 1], 'float16') }),
  },
  'tensor-bits-without-dtype': { code: 'DTYPE', call: (_, b) => b.tensor(untyped(new Uint16Array(2)), [2]) },
  'tensor-bits-as-float32': { code: 'DTYPE', call: (_, b) => b.tensor(untyped(new Uint16Array(2)), [2], 'float32') },
  'tensor-float64': { code: 'DTYPE', call: (_, b) => b.tensor(untyped(new Float64Array(2)), [2]) },
  'tensor-no-data': { code: 'DTYPE', call: (_, b) => b.tensor(untyped(null), [2]) },
  'tensor-dtype-unknown': { code: 'DTYPE', call: (_, b) => b.tensor([1, 2], [2], untyped('float64')) },
  'empty-dtype-unknown': { code: 'DTYPE', call: (_, b) => b.empty([2], untyped('double')) },

  'x-disposed': { code: 'DISPOSED', call: (t) => rmsNorm(disposed(matrix(t)), LAST) },
  'gamma-disposed': { code: 'DISPOSED', call: (t) => rmsNorm(matrix(t), { ...LAST, gamma: disposed(matrix(t, [5])) }) },
  'beta-disposed': {
    code: 'DISPOSED',
    features: ['beta'],
    call: (t) => rmsNorm(matrix(t), { ...LAST, beta: disposed(matrix(t, [5])) }),
  },
  'out-disposed': { code: 'DISPOSED', call: (t) => rmsNorm(matrix(t), { ...LAST, out: disposed(matrix(t)) }) },
  'rstd-disposed': {
    code: 'DISPOSED',
    features: ['rstd'],
    call: (t) => rmsNorm(matrix(t), { ...LAST, rstd: disposed(matrix(t, [3, 1, 1])) }),
  },
  'buffer-disposed': { code: 'DISPOSED', call: (t) => disposed(matrix(t)).buffer },

  'x-missing': { code: 'FOREIGN_TENSOR', call: () => rmsNorm(untyped(undefined), LAST) },
  'x-array': { code: 'FOREIGN_TENSOR', call: () => rmsNorm(untyped(new Float32Array(5)), LAST) },
  'x-look-alike': {
    code: 'FOREIGN_TENSOR',
    call: (_, backend) => rmsNorm(untyped({ dtype: 'float32', shape: [3, 5], backend, buffer: {} }), LAST),
  },
  'out-array': {
    code: 'FOREIGN_TENSOR',
    call: (t) => rmsNorm(matrix(t), { ...LAST, out: untyped(new Float32Array(15)) }),
  },

  'out-is-gamma': {
    code: 'ALIASING',
    call: (t) => {
      const gamma = matrix(t, [1, 5]);
      return rmsNorm(matrix(t, [1, 5]), { ...LAST, gamma, out: gamma });
    },
  },
  'out-is-beta': {
    code: 'ALIASING',
    features: ['beta'],
    call: (t) => {
      const beta = matrix(t, [1, 5]);
      return rmsNorm(matrix(t, [1, 5]), { ...LAST, beta, out: beta });
    },
  },
  'rstd-is-x': {
    code: 'ALIASING',
    features: ['rstd'],
    call: (t) => {
      const x = matrix(t, [4, 1, 1]);
      return rmsNorm(x, { dim: 1, axis: -1, rstd: x });
    },
  },
  'rstd-is-out': {
    code: 'ALIASING',
    features: ['rstd'],
    call: (t) => {
      const out = matrix(t, [4, 1, 1]);
      return rmsNorm(matrix(t, [4, 1, 1]), { dim: 1, axis: 1, rstd: out, out });
    },
  },
};

export const callErrorCases: readonly Case[] = Object.entries(THROWN).map(
  ([name, { code, features = [], dtypes = [], call }]) => ({
    id: caseId('forward/errors', { refused: name, code }),
    requires: { op: 'forward', dtypes: ['float32', ...dtypes], features },
    run: (subject) =>
      withTensors(subject.backend, async (tensors) => expectThrow(code, name, () => call(tensors, subject.backend))),
  }),
);
