import type { Op, Tensor } from '@rmsnorm/core';
import type { Case } from '../../../case/case.ts';
import { caseId } from '../../../case/case-id.ts';
import { check } from '../../../case/failure.ts';
import { expectThrow } from '../../../case/refusal.ts';
import { read, type Tensors, withTensors } from '../../../case/tensors.ts';
import { ADD_FORWARD_ERRORS } from './add-forward.ts';
import { BACKWARD_ERRORS } from './backward.ts';
import { GATED_FORWARD_ERRORS } from './gated-forward.ts';
import type { OperationErrors } from './operation-errors.ts';
import { FORWARD_QUANTIZED_ERRORS } from './quantized.ts';
import { SCALE_BY_ERRORS } from './scale-by.ts';
import { SUM_SQUARES_ERRORS } from './sum-squares.ts';

const ERRORS: Readonly<Record<Exclude<Op, 'forward'>, OperationErrors>> = {
  addForward: ADD_FORWARD_ERRORS,
  gatedForward: GATED_FORWARD_ERRORS,
  backward: BACKWARD_ERRORS,
  sumSquares: SUM_SQUARES_ERRORS,
  scaleBy: SCALE_BY_ERRORS,
  forwardQuantized: FORWARD_QUANTIZED_ERRORS,
};

/** Refused at once, with the right code, and nothing left behind. */
const refusedCases: readonly Case[] = Object.entries(ERRORS).flatMap(([op, { refused }]) =>
  Object.entries(refused).map(
    ([name, { code, features = [], dtypes = [], call }]): Case => ({
      id: caseId(`${op}/errors`, { refused: name, code }),
      requires: { op: op as Op, dtypes: ['float32', ...dtypes], features },
      run: ({ backend }) =>
        withTensors(backend, async (tensors) => {
          // The call makes its own operands. They may still be held afterwards; a result may not.
          const made = counting(tensors);
          const before = backend.memory().tensors;
          expectThrow(code, name, () => call(made.tensors, backend));
          const left = backend.memory().tensors - before - made.alive();
          check(left === 0, () => `the refused call left ${left} tensors behind`);
        }),
    }),
  ),
);

/** A tensor of another backend is refused in every place. */
const foreignCases: readonly Case[] = Object.entries(ERRORS).map(([op, { foreign }]) => ({
  id: caseId(`${op}/errors`, { refused: 'another-backend' }),
  requires: { op: op as Op, dtypes: ['float32'] },
  async run({ backend, provider }) {
    const other = await provider.create();
    try {
      await withTensors(backend, (tensors) =>
        withTensors(other, async (others) => {
          for (const [name, call] of Object.entries(foreign(tensors, others))) {
            expectThrow('FOREIGN_TENSOR', `${name} of another backend`, call);
          }
        }),
      );
    } finally {
      await other.dispose();
    }
  },
}));

/** Everything is checked before anything runs. */
const nothingRanCases: readonly Case[] = Object.entries(ERRORS).flatMap(([op, { partlyRight }]) =>
  Object.entries(partlyRight).map(
    ([name, { code, good, call }]): Case => ({
      id: `${op}/errors:nothing-ran,${name}`,
      requires: { op: op as Op, dtypes: ['float32'] },
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
    }),
  ),
);

/** Wrong calls of the operations other than forward are refused with the right code, and leave nothing behind. */
export const operationErrorCases: readonly Case[] = [...refusedCases, ...foreignCases, ...nothingRanCases];

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
