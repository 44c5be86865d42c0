import {
  addRmsNorm,
  type Backend,
  type ErrorCode,
  type Feature,
  type FloatDType,
  gatedRmsNorm,
  type Op,
  rmsNormBackward,
  rmsNormQuantized,
  scaleBy,
  sumSquares,
  type Tensor,
} from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { expectThrow } from '../../case/refusal.ts';
import { read, type Tensors, withTensors } from '../../case/tensors.ts';

interface Refusal {
  readonly code: ErrorCode;
  readonly features?: readonly Feature[];
  readonly dtypes?: readonly FloatDType[];
  readonly call: (tensors: Tensors, backend: Backend) => unknown;
}

type Refusals = Readonly<Record<string, Refusal>>;

const LAST = { dim: 5, axis: -1 } as const;
const matrix = (tensors: Tensors, shape: readonly number[] = [3, 5]): Tensor => tensors.filled(1.5, shape, 'float32');
const half = (tensors: Tensors, shape: readonly number[] = [3, 5]): Tensor => tensors.filled(1.5, shape, 'float16');
const gone = (tensors: Tensors, shape: readonly number[] = [3, 5]): Tensor => {
  const tensor = matrix(tensors, shape);
  tensor.dispose();
  return tensor;
};
/** For values that TypeScript would not let through. */
const any = (value: unknown): never => value as never;

/** What every operation refuses of an operand that is to be like x. */
function likeX(name: string, call: (tensors: Tensors, operand: Tensor) => unknown): Refusals {
  return {
    [`${name}-other-shape`]: { code: 'SHAPE', call: (t) => call(t, matrix(t, [5, 3])) },
    [`${name}-other-rank`]: { code: 'SHAPE', call: (t) => call(t, matrix(t, [15])) },
    [`${name}-fewer-rows`]: { code: 'SHAPE', call: (t) => call(t, matrix(t, [1, 5])) },
    [`${name}-float16`]: { code: 'DTYPE', dtypes: ['float16'], call: (t) => call(t, half(t)) },
    [`${name}-int8`]: { code: 'DTYPE', call: (t) => call(t, t.empty([3, 5], 'int8')) },
    [`${name}-disposed`]: { code: 'DISPOSED', call: (t) => call(t, gone(t)) },
    [`${name}-array`]: { code: 'FOREIGN_TENSOR', call: (t) => call(t, any(new Float32Array(15))) },
    [`${name}-missing`]: { code: 'FOREIGN_TENSOR', call: (t) => call(t, any(undefined)) },
  };
}

/** As {@link likeX}, for what may be left out. */
function optionalLikeX(name: string, call: (tensors: Tensors, operand: Tensor) => unknown): Refusals {
  return Object.fromEntries(Object.entries(likeX(name, call)).filter(([key]) => !key.endsWith('missing')));
}

/** A float32 tensor of [outer, groups, inner] = [3, 1, 1]. */
function statistic(name: string, features: readonly Feature[], call: (t: Tensors, rstd: Tensor) => unknown): Refusals {
  return {
    [`${name}-flat`]: { code: 'SHAPE', features, call: (t) => call(t, matrix(t, [3])) },
    [`${name}-one`]: { code: 'SHAPE', features, call: (t) => call(t, matrix(t, [1, 1, 1])) },
    [`${name}-float16`]: { code: 'DTYPE', features, dtypes: ['float16'], call: (t) => call(t, half(t, [3, 1, 1])) },
    [`${name}-disposed`]: { code: 'DISPOSED', features, call: (t) => call(t, gone(t, [3, 1, 1])) },
  };
}

/** Operands whose shapes are all the same, so that any two could be one. */
const COLUMN = { dim: 1, axis: 1 } as const;
const column = (tensors: Tensors): Tensor => matrix(tensors, [4, 1, 1]);

const REFUSALS: Readonly<Record<Exclude<Op, 'forward'>, Refusals>> = {
  addForward: {
    ...likeX('residual', (t, residual) => addRmsNorm(matrix(t), residual, LAST)),
    ...likeX('x', (t, x) => addRmsNorm(x, matrix(t), LAST)),
    ...optionalLikeX('y', (t, y) => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { y } })),
    ...optionalLikeX('sum', (t, sum) => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { sum } })),
    ...statistic('rstd', ['rstd'], (t, rstd) => addRmsNorm(matrix(t), matrix(t), { ...LAST, rstd })),
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
  gatedForward: {
    ...likeX('gate', (t, gate) => gatedRmsNorm(matrix(t), gate, LAST)),
    ...optionalLikeX('out', (t, out) => gatedRmsNorm(matrix(t), matrix(t), { ...LAST, out })),
    ...statistic('rstd', ['rstd'], (t, rstd) => gatedRmsNorm(matrix(t), matrix(t), { ...LAST, rstd })),
    'option-order': {
      code: 'INVALID_OPTION',
      call: (t) => gatedRmsNorm(matrix(t), matrix(t), { ...LAST, normBeforeGate: any('yes') }),
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
  backward: {
    ...likeX('dy', (t, dy) => rmsNormBackward(matrix(t), dy, LAST)),
    ...optionalLikeX('dsum', (t, dsum) => rmsNormBackward(matrix(t), matrix(t), { ...LAST, dsum })),
    ...optionalLikeX('dx', (t, dx) => rmsNormBackward(matrix(t), matrix(t), { ...LAST, out: { dx } })),
    ...statistic('rstd', ['rstd'], (t, rstd) => rmsNormBackward(matrix(t), matrix(t), { ...LAST, rstd })),
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
  sumSquares: {
    'x-int8': { code: 'DTYPE', call: (t) => sumSquares(t.empty([3, 5], 'int8'), LAST) },
    'x-disposed': { code: 'DISPOSED', call: (t) => sumSquares(gone(t), LAST) },
    'x-other-shape': { code: 'SHAPE', call: (t) => sumSquares(matrix(t, [3, 4]), LAST) },
    'x-array': { code: 'FOREIGN_TENSOR', call: () => sumSquares(any(new Float32Array(5)), LAST) },
    partial: {
      code: 'INVALID_OPTION',
      features: ['partial'],
      call: (t) => sumSquares(matrix(t), { ...LAST, partial: 0.5 }),
    },
  },
  scaleBy: {
    ...statistic('sums', [], (t, sums) => scaleBy(matrix(t), sums, 5, LAST)),
    'sums-missing': { code: 'FOREIGN_TENSOR', call: (t) => scaleBy(matrix(t), any(undefined), 5, LAST) },
    ...optionalLikeX('out', (t, out) => scaleBy(matrix(t), matrix(t, [3, 1, 1]), 5, { ...LAST, out })),
    partial: {
      code: 'INVALID_OPTION',
      features: ['partial'],
      call: (t) => scaleBy(matrix(t), matrix(t, [3, 1, 1]), 5, { ...LAST, partial: 0.5 }),
    },
    ...Object.fromEntries(
      [4, 0, -5, 5.5, Number.NaN, Number.POSITIVE_INFINITY, any('5'), any(undefined)].map((count) => [
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
  forwardQuantized: {
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
      [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e-50, 1e39, any('1')].map((quantScale) => [
        `scale-${quantScale}`,
        {
          code: 'INVALID_OPTION',
          call: (t: Tensors) => rmsNormQuantized(matrix(t), { ...LAST, quantScale }),
        } as const,
      ]),
    ),
  },
};

/** Refused at once, with the right code, and nothing left behind. */
const thrown: Case[] = Object.entries(REFUSALS).flatMap(([op, refusals]) =>
  Object.entries(refusals).map(
    ([name, { code, features = [], dtypes = [], call }]): Case => ({
      id: caseId(`${op}/errors`, { refused: name, code }),
      requires: { op: op as Op, dtypes: ['float32', ...dtypes], features },
      run: ({ backend }) =>
        withTensors(backend, async (tensors) => {
          // Operands are made by the call itself: what is held afterwards may be theirs, but not a result's.
          const made = counting(tensors);
          const before = backend.memory().tensors;
          expectThrow(code, name, () => call(made.tensors, backend));
          const left = backend.memory().tensors - before - made.alive();
          check(left === 0, () => `the refused call left ${left} tensors behind`);
        }),
    }),
  ),
);

type Call = (tensors: Tensors, other: Tensors) => Readonly<Record<string, () => unknown>>;

/** Tensors of another backend, in each place. */
const FOREIGN: Readonly<Record<Exclude<Op, 'forward'>, Call>> = {
  addForward: (t, other) => ({
    residual: () => addRmsNorm(matrix(t), matrix(other), LAST),
    sum: () => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { sum: matrix(other) } }),
    y: () => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { y: matrix(other) } }),
  }),
  gatedForward: (t, other) => ({
    gate: () => gatedRmsNorm(matrix(t), matrix(other), LAST),
    out: () => gatedRmsNorm(matrix(t), matrix(t), { ...LAST, out: matrix(other) }),
  }),
  backward: (t, other) => ({
    dy: () => rmsNormBackward(matrix(t), matrix(other), LAST),
    dsum: () => rmsNormBackward(matrix(t), matrix(t), { ...LAST, dsum: matrix(other) }),
    dx: () => rmsNormBackward(matrix(t), matrix(t), { ...LAST, out: { dx: matrix(other) } }),
    gamma: () => rmsNormBackward(matrix(t), matrix(t), { ...LAST, gamma: matrix(other, [5]) }),
  }),
  sumSquares: (t, other) => ({
    gamma: () => sumSquares(matrix(t), { ...LAST, gamma: matrix(other, [5]) }),
  }),
  scaleBy: (t, other) => ({
    sums: () => scaleBy(matrix(t), matrix(other, [3, 1, 1]), 5, LAST),
    out: () => scaleBy(matrix(t), matrix(t, [3, 1, 1]), 5, { ...LAST, out: matrix(other) }),
  }),
  forwardQuantized: (t, other) => ({
    q: () => rmsNormQuantized(matrix(t), { ...LAST, out: { q: other.empty([3, 5], 'int8') } }),
    scales: () => rmsNormQuantized(matrix(t), { ...LAST, out: { scales: matrix(other, [3, 1]) } }),
  }),
};

const foreign: Case[] = Object.entries(FOREIGN).map(([op, calls]) => ({
  id: caseId(`${op}/errors`, { refused: 'another-backend' }),
  requires: { op: op as Op, dtypes: ['float32'] },
  async run({ backend, provider }) {
    const other = await provider.create();
    try {
      await withTensors(backend, (tensors) =>
        withTensors(other, async (others) => {
          for (const [name, call] of Object.entries(calls(tensors, others))) {
            expectThrow('FOREIGN_TENSOR', `${name} of another backend`, call);
          }
        }),
      );
    } finally {
      await other.dispose();
    }
  },
}));

interface Spoiled {
  /** A tensor to write to that is fine, beside something that is not. */
  readonly good: (tensors: Tensors) => Tensor;
  readonly code: ErrorCode;
  readonly call: (tensors: Tensors, good: Tensor) => unknown;
  readonly op: Op;
}

/** Where one target is wrong, the other is not written to. */
const NOTHING_RAN: Readonly<Record<string, Spoiled>> = {
  'sum-wrong,y-right': {
    op: 'addForward',
    code: 'SHAPE',
    good: matrix,
    call: (t, y) => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { y, sum: matrix(t, [5, 3]) } }),
  },
  'y-wrong,sum-right': {
    op: 'addForward',
    code: 'SHAPE',
    good: matrix,
    call: (t, sum) => addRmsNorm(matrix(t), matrix(t), { ...LAST, out: { sum, y: matrix(t, [5, 3]) } }),
  },
  'gate-wrong,out-right': {
    op: 'gatedForward',
    code: 'SHAPE',
    good: matrix,
    call: (t, out) => gatedRmsNorm(matrix(t), matrix(t, [5, 3]), { ...LAST, out }),
  },
  'dsum-wrong,dx-right': {
    op: 'backward',
    code: 'SHAPE',
    good: matrix,
    call: (t, dx) => rmsNormBackward(matrix(t), matrix(t), { ...LAST, dsum: matrix(t, [5, 3]), out: { dx } }),
  },
  'count-wrong,out-right': {
    op: 'scaleBy',
    code: 'INVALID_OPTION',
    good: matrix,
    call: (t, out) => scaleBy(matrix(t), matrix(t, [3, 1, 1]), 4, { ...LAST, out }),
  },
  'q-wrong,scales-right': {
    op: 'forwardQuantized',
    code: 'SHAPE',
    good: (t) => matrix(t, [3, 1]),
    call: (t, scales) => rmsNormQuantized(matrix(t), { ...LAST, out: { scales, q: t.empty([5, 3], 'int8') } }),
  },
};

const nothingRan: Case[] = Object.entries(NOTHING_RAN).map(([name, { op, code, good, call }]) => ({
  id: `${op}/errors:nothing-ran,${name}`,
  requires: { op, dtypes: ['float32'] },
  run: ({ backend }) =>
    withTensors(backend, async (tensors) => {
      const target = good(tensors);
      expectThrow(code, name, () => call(tensors, target));
      const { values } = await read(target);
      check(
        values.every((value) => value === 1.5),
        'a refused call wrote to a target: validate everything before anything runs',
      );
    }),
}));

export const operationErrorCases: readonly Case[] = [...thrown, ...foreign, ...nothingRan];

/** `tensors`, and how many of those that it made are not disposed. */
function counting(tensors: Tensors): { readonly tensors: Tensors; alive(): number } {
  const made = new Set<Tensor>();
  const watched = <T extends Tensor>(tensor: T): T => {
    made.add(tensor);
    const dispose = tensor.dispose.bind(tensor);
    tensor.dispose = () => {
      made.delete(tensor);
      dispose();
    };
    return tensor;
  };
  return {
    tensors: {
      of: (content, shape) => watched(tensors.of(content, shape)),
      float32: (data, shape) => watched(tensors.float32(data, shape)),
      filled: (value, shape, dtype) => watched(tensors.filled(value, shape, dtype)),
      empty: (shape, dtype) => watched(tensors.empty(shape, dtype)),
      keep: (tensor) => tensors.keep(tensor),
    },
    alive: () => made.size,
  };
}
