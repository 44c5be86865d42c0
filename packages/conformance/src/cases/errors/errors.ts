import {
  type Backend,
  type ErrorCode,
  type Feature,
  type FloatDType,
  RMSNorm,
  rmsNorm,
  type Tensor,
} from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { expectRefusal, expectThrow } from '../../case/refusal.ts';
import { read, type Tensors, withTensors } from '../../case/tensors.ts';

interface Refusal {
  readonly code: ErrorCode;
  readonly features?: readonly Feature[];
  readonly dtypes?: readonly FloatDType[];
  readonly call: (tensors: Tensors, backend: Backend) => unknown;
}

const matrix = (tensors: Tensors, shape: readonly number[] = [3, 5]): Tensor => tensors.filled(1.5, shape, 'float32');
const LAST = { dim: 5, axis: -1 } as const;
/** For values that TypeScript would not let through. */
const any = (value: unknown): never => value as never;

/** Thrown at once, by `rmsNorm` and by what makes tensors. */
const THROWN: Readonly<Record<string, Refusal>> = {
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
  'tensor-no-shape': { code: 'SHAPE', call: (_, b) => b.tensor([1, 2], any(undefined)) },
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
  'tensor-bits-without-dtype': { code: 'DTYPE', call: (_, b) => b.tensor(new Uint16Array(2), [2]) },
  'tensor-bits-as-float32': { code: 'DTYPE', call: (_, b) => b.tensor(new Uint16Array(2), [2], 'float32') },
  'tensor-float64': { code: 'DTYPE', call: (_, b) => b.tensor(any(new Float64Array(2)), [2]) },
  'tensor-no-data': { code: 'DTYPE', call: (_, b) => b.tensor(any(null), [2]) },
  'tensor-dtype-unknown': { code: 'DTYPE', call: (_, b) => b.tensor([1, 2], [2], any('float64')) },
  'empty-dtype-unknown': { code: 'DTYPE', call: (_, b) => b.empty([2], any('double')) },

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

  'x-missing': { code: 'FOREIGN_TENSOR', call: () => rmsNorm(any(undefined), LAST) },
  'x-array': { code: 'FOREIGN_TENSOR', call: () => rmsNorm(any(new Float32Array(5)), LAST) },
  'x-look-alike': {
    code: 'FOREIGN_TENSOR',
    call: (_, backend) => rmsNorm(any({ dtype: 'float32', shape: [3, 5], backend, buffer: {} }), LAST),
  },
  'out-array': { code: 'FOREIGN_TENSOR', call: (t) => rmsNorm(matrix(t), { ...LAST, out: any(new Float32Array(15)) }) },

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

/** Each is refused by the constructor and by the function. */
const OPTIONS: Readonly<Record<string, object>> = {
  'no-dim': {},
  'dim=0': { dim: 0 },
  'dim=-5': { dim: -5 },
  'dim=2.5': { dim: 2.5 },
  'dim=NaN': { dim: Number.NaN },
  'dim=text': { dim: '5' },
  'dim=none': { dim: [] },
  'dims=zero': { dim: [5, 0] },
  'groups=0': { dim: 5, groups: 0 },
  'groups=2-of-5': { dim: 5, groups: 2 },
  'groups=1.5': { dim: 3, groups: 1.5 },
  'axis=0.5': { dim: 5, axis: 0.5 },
  'eps=-1': { dim: 5, eps: -1e-9 },
  'eps=NaN': { dim: 5, eps: Number.NaN },
  'eps=Infinity': { dim: 5, eps: Number.POSITIVE_INFINITY },
  'epsMode=max': { dim: 5, epsMode: 'max' },
  'scale=NaN': { dim: 5, scale: Number.NaN },
  'scale=Infinity': { dim: 5, scale: Number.POSITIVE_INFINITY },
  'partial=0': { dim: 5, partial: 0 },
  'partial=1.01': { dim: 5, partial: 1.01 },
  'partial=-0.5': { dim: 5, partial: -0.5 },
  'partial=0.5,epsMode=clamp': { dim: 5, partial: 0.5, epsMode: 'clamp' },
  'casting=bert': { dim: 5, casting: 'bert' },
  'weightOffset=NaN': { dim: 5, weightOffset: Number.NaN },
  'epsilon=1': { dim: 5, epsilon: 1e-6 },
};

const thrown: Case[] = Object.entries(THROWN).map(([name, { code, features = [], dtypes = [], call }]) => ({
  id: caseId('forward/errors', { refused: name, code }),
  requires: { op: 'forward', dtypes: ['float32', ...dtypes], features },
  run: (subject) =>
    withTensors(subject.backend, async (tensors) => expectThrow(code, name, () => call(tensors, subject.backend))),
}));

const options: Case[] = Object.entries(OPTIONS).map(([name, given]) => ({
  id: caseId('forward/errors', { option: name }),
  requires: { op: 'forward', dtypes: ['float32'] },
  async run({ backend }) {
    expectThrow('INVALID_OPTION', `new RMSNorm(${name})`, () => new RMSNorm(any({ axis: -1, ...given })));
    await withTensors(backend, async (tensors) => {
      const x = matrix(tensors);
      expectThrow('INVALID_OPTION', `rmsNorm(x, ${name})`, () => rmsNorm(x, any({ axis: -1, ...given })));
    });
  },
}));

const others: Case[] = [
  refusals('offset-without-gamma', async ({ backend }) => {
    expectThrow(
      'INVALID_OPTION',
      'weightOffset with affine: false',
      () => new RMSNorm({ dim: 5, affine: false, weightOffset: 1 }),
    );
    await withTensors(backend, async (tensors) => {
      const x = matrix(tensors);
      expectThrow('INVALID_OPTION', 'weightOffset without gamma', () => rmsNorm(x, { ...LAST, weightOffset: 1 }));
    });
  }),
  refusals('data-disposed', async ({ backend }) => {
    await withTensors(backend, async (tensors) => {
      await expectRefusal('DISPOSED', 'data() of a disposed tensor', () => disposed(matrix(tensors)).data());
    });
  }),
  refusals('another-backend', async ({ backend, provider }) => {
    const other = await provider.create();
    try {
      await withTensors(backend, (tensors) =>
        withTensors(other, async (foreign) => {
          const x = matrix(tensors);
          expectThrow('FOREIGN_TENSOR', 'gamma of another backend', () =>
            rmsNorm(x, { ...LAST, gamma: matrix(foreign, [5]) }),
          );
          expectThrow('FOREIGN_TENSOR', 'out of another backend', () => rmsNorm(x, { ...LAST, out: matrix(foreign) }));
        }),
      );
    } finally {
      await other.dispose();
    }
  }),
  refusals('weights-of-the-class', async () => {
    const norm = new RMSNorm({ dim: 5, axis: -1 });
    const float32 = (count: number): { dtype: 'float32'; shape: number[]; data: Float32Array } => ({
      dtype: 'float32',
      shape: [count],
      data: new Float32Array(count),
    });
    const refuse = (code: ErrorCode, what: string, value: unknown): void =>
      expectThrow(code, what, () => {
        norm.gamma = any(value);
      });
    refuse('SHAPE', 'a gamma of 4 elements for 5 features', float32(4));
    refuse('SHAPE', 'a gamma whose data is shorter than its shape', { ...float32(5), data: new Float32Array(4) });
    refuse('DTYPE', 'a float32 gamma in a Uint16Array', { ...float32(5), data: new Uint16Array(5) });
    refuse('INVALID_OPTION', 'no gamma for a norm that has one', null);
    expectThrow('INVALID_OPTION', 'a state dict without weight', () => norm.loadStateDict({}));
    expectThrow('SHAPE', 'a state dict with a weight of 6', () => norm.loadStateDict({ weight: float32(6) }));
  }),
  refusals('apply', async ({ backend }) => {
    const norm = new RMSNorm({ dim: 5, axis: -1 });
    const x = { dtype: 'float32' as const, shape: [3, 5], data: new Float32Array(15) };
    try {
      const refuse = (code: ErrorCode, what: string, given: object, out?: object): Promise<void> =>
        expectRefusal(code, what, () =>
          norm.apply(any({ ...x, ...given }), backend, any(out ? { out: { ...x, ...out } } : {})),
        );
      await refuse('SHAPE', 'apply to 14 elements of shape [3, 5]', { data: new Float32Array(14) });
      await refuse('SHAPE', 'apply to [5, 3]', { shape: [5, 3] });
      await refuse('DTYPE', 'apply to float32 in a Uint16Array', { data: new Uint16Array(15) });
      await refuse('DTYPE', 'apply to a Float64Array', { data: new Float64Array(15) });
      await refuse('SHAPE', 'apply into [15]', {}, { shape: [15], data: new Float32Array(15) });
      await refuse('ALIASING', 'apply into an array that overlaps x in part', ...overlapping());
    } finally {
      norm.dispose();
    }
  }),
  refusals('nothing-ran', async ({ backend }) => {
    await withTensors(backend, async (tensors) => {
      const x = matrix(tensors);
      const out = tensors.filled(-3, [3, 5], 'float32');
      const before = backend.memory();
      expectThrow('SHAPE', 'gamma of 4 for 5 features', () =>
        rmsNorm(x, { ...LAST, gamma: matrix(tensors, [4]), out }),
      );
      expectThrow('INVALID_OPTION', 'partial 0', () => rmsNorm(x, { ...LAST, partial: 0, out }));
      expectThrow('SHAPE', 'dim 7', () => rmsNorm(x, { dim: 7, axis: -1, out }));
      const after = backend.memory();
      check(
        after.tensors === before.tensors + 1,
        () => `refused calls left ${after.tensors - before.tensors - 1} tensors behind`,
      );
      const { values } = await read(out);
      check(
        values.every((value) => value === -3),
        'a refused call wrote to out: validate everything before anything runs',
      );
      tensors.keep(rmsNorm(x, { ...LAST, out }));
      check((await read(out)).values[0] !== -3, 'the backend does not work any more after a refused call');
    });
  }),
];

export const errorCases: readonly Case[] = [...thrown, ...options, ...others];

function refusals(name: string, run: (subject: Subject) => Promise<void>): Case {
  return { id: caseId('forward/errors', { refused: name }), requires: { op: 'forward', dtypes: ['float32'] }, run };
}

function disposed(tensor: Tensor): Tensor {
  tensor.dispose();
  return tensor;
}

function overlapping(): [object, object] {
  const memory = new Float32Array(20);
  return [{ data: memory.subarray(0, 15) }, { data: memory.subarray(5, 20) }];
}
