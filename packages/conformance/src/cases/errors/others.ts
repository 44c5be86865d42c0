import { type ErrorCode, RMSNorm, rmsNorm } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { expectRefusal, expectThrow } from '../../case/refusal.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { disposed, LAST, matrix, untyped } from './refusal-spec.ts';

/** Wrong calls that take more than one line. */
export const otherErrorCases: readonly Case[] = [
  refusalCase('offset-without-gamma', async ({ backend }) => {
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
  refusalCase('data-disposed', async ({ backend }) => {
    await withTensors(backend, async (tensors) => {
      await expectRefusal('DISPOSED', 'data() of a disposed tensor', () => disposed(matrix(tensors)).data());
    });
  }),
  refusalCase('another-backend', async ({ backend, provider }) => {
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
  refusalCase('weights-of-the-class', async () => {
    const norm = new RMSNorm({ dim: 5, axis: -1 });
    const float32 = (count: number): { dtype: 'float32'; shape: number[]; data: Float32Array } => ({
      dtype: 'float32',
      shape: [count],
      data: new Float32Array(count),
    });
    const refuse = (code: ErrorCode, what: string, value: unknown): void =>
      expectThrow(code, what, () => {
        norm.gamma = untyped(value);
      });
    refuse('SHAPE', 'a gamma of 4 elements for 5 features', float32(4));
    refuse('SHAPE', 'a gamma whose data is shorter than its shape', { ...float32(5), data: new Float32Array(4) });
    refuse('DTYPE', 'a float32 gamma in a Uint16Array', { ...float32(5), data: new Uint16Array(5) });
    refuse('INVALID_OPTION', 'no gamma for a norm that has one', null);
    expectThrow('INVALID_OPTION', 'a state dict without weight', () => norm.loadStateDict({}));
    expectThrow('SHAPE', 'a state dict with a weight of 6', () => norm.loadStateDict({ weight: float32(6) }));
  }),
  refusalCase('apply', async ({ backend }) => {
    const norm = new RMSNorm({ dim: 5, axis: -1 });
    const x = { dtype: 'float32' as const, shape: [3, 5], data: new Float32Array(15) };
    try {
      const refuse = (code: ErrorCode, what: string, given: object, out?: object): Promise<void> =>
        expectRefusal(code, what, () =>
          norm.apply(untyped({ ...x, ...given }), backend, untyped(out ? { out: { ...x, ...out } } : {})),
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
  refusalCase('nothing-ran', async ({ backend }) => {
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

function refusalCase(name: string, run: (subject: Subject) => Promise<void>): Case {
  return { id: caseId('forward/errors', { refused: name }), requires: { op: 'forward', dtypes: ['float32'] }, run };
}

function overlapping(): [object, object] {
  const memory = new Float32Array(20);
  return [{ data: memory.subarray(0, 15) }, { data: memory.subarray(5, 20) }];
}
