import { FLOAT_DTYPES, type FloatDType, isRMSNormError } from '@rmsnorm/core';
import { createSignal, settled } from '../../case/abort-signal.ts';
import { type Case, NotApplicable, type Requirements, type Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { ConformanceFailure, check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { wrapMemoryOf } from '../../case/wrapping.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { compareForward } from '../../expected/compare-forward.ts';
import { normal } from '../../inputs/distributions.ts';
import { elements } from '../../inputs/elements.ts';
import { decode, FORMATS, round } from '../../inputs/formats.ts';
import { enqueue, toleranceFor, verifyForward } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';

type Check = (subject: Subject, dtype: FloatDType) => Promise<void>;

const COUNTS = [1, 2, 3, 5, 127, 65537];

/** What goes in comes out, for every kind of data. */
const CHECKS: Readonly<Record<string, Check>> = {
  /** All bits of all numbers; of NaN only that it is one. */
  async 'round-trip'({ backend, random }, dtype) {
    for (const count of COUNTS) {
      const bits =
        dtype === 'float32'
          ? new Float32Array(Uint32Array.from({ length: count }, () => random.bits()).buffer)
          : Uint16Array.from({ length: count }, (_, i) => (i * 40503) & 0xffff);
      await withTensors(backend, async (tensors) => {
        const tensor = tensors.keep(backend.tensor(bits, [count], dtype));
        const data = await tensor.data();
        check(
          data.constructor.name === bits.constructor.name,
          () => `data() of ${dtype} must be a ${bits.constructor.name}, got a ${data.constructor.name}`,
        );
        const { values } = await read(tensor);
        compareBits(values, decode(bits, dtype), dtype, `data() of a tensor made from ${count} elements`);
      });
    }
  },

  /** number[] and Float32Array are rounded once, to nearest even. */
  async rounding({ backend, random }, dtype) {
    const step = 2 ** -FORMATS[dtype].fractionBits;
    const ties = [1 + step / 2, 1 + 1.5 * step, 1 + 2.5 * step, -(1 + step / 2), 1 + step / 2 + step / 1024];
    const numbers = [...ties, ...normal(100)(random, 500)];
    const expected = Float32Array.from(numbers, (value) => round(FORMATS[dtype], value));
    await withTensors(backend, async (tensors) => {
      const fromNumbers = tensors.keep(backend.tensor(numbers, [numbers.length], dtype));
      compareBits((await read(fromNumbers)).values, expected, dtype, `number[] rounded to ${dtype}`);
      const single = Float32Array.from(numbers);
      const fromFloats = tensors.keep(backend.tensor(single, [single.length], dtype));
      const rounded = single.map((value) => round(FORMATS[dtype], value));
      compareBits((await read(fromFloats)).values, rounded, dtype, `Float32Array rounded to ${dtype}`);
    });
  },

  /** A tensor is a copy of its data, and data() a copy of the tensor. */
  async copies({ backend }, dtype) {
    await withTensors(backend, async (tensors) => {
      const { data, values } = elements(dtype, [1, 2, 3, 4, 5, 6, 7]);
      const tensor = tensors.keep(backend.tensor(data, [7], dtype));
      data.fill(0);
      const first = await tensor.data();
      compareBits((await read(tensor)).values, values, dtype, 'a tensor whose source array was changed afterwards');
      first.fill(0);
      compareBits((await read(tensor)).values, values, dtype, 'a tensor whose data() was written into');
    });
  },

  /** An array that is part of a larger buffer, at an offset that no vector is aligned to. */
  async subarray({ backend }, dtype) {
    await withTensors(backend, async (tensors) => {
      const { data, values } = elements(
        dtype,
        Array.from({ length: 40 }, (_, i) => i - 20.5),
      );
      const tensor = tensors.keep(backend.tensor(data.subarray(3, 32), [29], dtype));
      compareBits((await read(tensor)).values, values.subarray(3, 32), dtype, 'a tensor made from a subarray');
    });
  },

  async properties({ backend }, dtype) {
    await withTensors(backend, async (tensors) => {
      for (const tensor of [tensors.filled(1, [2, 3], dtype), tensors.empty([2, 3], dtype)]) {
        check(tensor.dtype === dtype, `dtype is ${tensor.dtype}, not ${dtype}`);
        check(String(tensor.shape) === '2,3', `shape is [${tensor.shape}], not [2, 3]`);
        check(tensor.backend === backend, 'tensor.backend is not the backend that made it');
      }
    });
  },

  /** Where there is a view, it is the memory itself. */
  async view(subject, dtype) {
    const { backend, random } = subject;
    await withTensors(backend, async (tensors) => {
      const { data, values } = elements(dtype, normal()(random, 4 * 33));
      const x = tensors.keep(backend.tensor(data, [4, 33], dtype));
      if (!x.view) throw new NotApplicable('not offered: view() of the memory');
      compareBits(Array.from(x.view()), Array.from(data), dtype, 'view() against the data it was made from');
      const other = elements(dtype, normal(2)(random, values.length));
      const blank = tensors.empty([4, 33], dtype);
      const inputs = inputsOf({ dtype, shape: [4, 33], options: { dim: 33, axis: -1 }, gamma: null }, random);
      const y = enqueue(tensors, inputs, { out: blank }, x);
      x.view().set(other.data);
      compareBits((await read(x)).values, other.values, dtype, 'data() after writing through view()');
      enqueue(tensors, inputs, { out: blank }, x);
      const result = await read(y);
      compareBits(Array.from(y.view!()), Array.from(result.data), dtype, 'view() of y against data()');
      compareForward(result.values, {
        operands: { ...inputs.operands, x: other.values },
        shape: [4, 33],
        tolerance: toleranceFor(subject, inputs),
        lookAt: 'the input was written through view()',
      });
    });
  },

  /** Where memory can be wrapped, the tensor's own handle can: without owning it. */
  async wrap({ backend }, dtype) {
    await withTensors(backend, async (tensors) => {
      const { data, values } = elements(dtype, [1, 2, 3, 4, 5, 6, 7, 8]);
      const owner = tensors.keep(backend.tensor(data, [8], dtype));
      const before = backend.memory();
      const wrapped = tensors.keep(wrapMemoryOf(owner, [2, 4], dtype, backend));
      check(backend.memory().bytes === before.bytes, 'memory().bytes counts memory that is only wrapped');
      compareBits((await read(wrapped)).values, values, dtype, 'a wrapped tensor');
      wrapped.dispose();
      tensors.filled(0, [8], dtype);
      compareBits(
        (await read(owner)).values,
        values,
        dtype,
        'the owner, after the tensor that wrapped its memory was disposed',
      );
      check(
        backend.memory().bytes >= before.bytes,
        'disposing a wrapped tensor took the bytes of its owner off the books',
      );
      // Larger than the memory by more than any driver rounds up.
      let refused = false;
      try {
        backend.wrap(owner.buffer, [1 << 20], dtype).dispose();
      } catch (error) {
        refused = isRMSNormError(error);
        if (!refused) throw error;
      }
      check(refused, 'wrap() took a shape larger than the memory: check the size of the handle');
    });
  },
};

const each: Case[] = Object.entries(CHECKS).flatMap(([name, run]) =>
  FLOAT_DTYPES.map(
    (dtype): Case => ({
      id: caseId('backend/tensor', { check: name, dtype }),
      requires: { op: 'forward', dtypes: [dtype] },
      run: (subject) => run(subject, dtype),
    }),
  ),
);

const float32: Requirements = { op: 'forward', dtypes: ['float32'] };

const others: Case[] = [
  {
    id: caseId('backend/tensor', { check: 'numbers-are-float32' }),
    requires: float32,
    run: ({ backend }) =>
      withTensors(backend, async (tensors) => {
        for (const tensor of [
          tensors.keep(backend.tensor([1.1, 2], [2])),
          tensors.keep(backend.tensor(new Float32Array([1.1, 2]), [2])),
          tensors.keep(backend.empty([2])),
        ]) {
          check(
            tensor.dtype === 'float32',
            `numbers, Float32Array and empty() are float32 unless told, got ${tensor.dtype}`,
          );
        }
      }),
  },
  {
    id: caseId('backend/tensor', { check: 'Float16Array' }),
    requires: { op: 'forward', dtypes: ['float16'] },
    async run({ backend }) {
      const { Float16Array } = globalThis as { Float16Array?: { from(values: number[]): never } };
      if (!Float16Array) throw new NotApplicable('not in this runtime: Float16Array');
      await withTensors(backend, async (tensors) => {
        const tensor = tensors.keep(backend.tensor(Float16Array.from([1.5, -2.25, 65504]), [3]));
        check(tensor.dtype === 'float16', `a Float16Array is float16, got ${tensor.dtype}`);
        compareBits((await read(tensor)).values, [1.5, -2.25, 65504], 'float16', 'a tensor made from a Float16Array');
      });
    },
  },
  {
    id: caseId('backend/tensor', { check: 'data-aborted-before' }),
    requires: float32,
    run: ({ backend }) =>
      withTensors(backend, async (tensors) => {
        const tensor = tensors.filled(3, [5], 'float32');
        const reason = new Error('no longer wanted');
        const signal = createSignal();
        signal.abort(reason);
        const outcome = await settled(tensor.data({ signal }));
        check(
          outcome.error === reason,
          () =>
            `data() with an aborted signal must reject with signal.reason, ${outcome.error ? `rejected with ${outcome.error}` : 'it resolved'}`,
        );
        compareBits(
          (await read(tensor)).values,
          new Float32Array(5).fill(3),
          'float32',
          'the tensor after an aborted data()',
        );
      }),
  },
  {
    id: caseId('backend/tensor', { check: 'data-aborted-during' }),
    requires: float32,
    run: ({ backend }) =>
      withTensors(backend, async (tensors) => {
        const tensor = tensors.filled(3, [5], 'float32');
        const signal = createSignal();
        const reason = new Error('no longer wanted');
        const pending = settled(tensor.data({ signal }));
        signal.abort(reason);
        const { value, error } = await pending;
        if (error !== undefined && error !== reason) {
          throw new ConformanceFailure(
            `data() aborted while it ran must reject with signal.reason, rejected with ${error}`,
          );
        }
        if (value) compareBits(value, new Float32Array(5).fill(3), 'float32', 'data() that came before the abort');
        compareBits(
          (await read(tensor)).values,
          new Float32Array(5).fill(3),
          'float32',
          'the tensor after an aborted data()',
        );
      }),
  },
  {
    id: caseId('backend/tensor', { check: 'many-reads-at-once' }),
    requires: float32,
    run: (subject) =>
      withTensors(subject.backend, async (tensors) => {
        const made = Array.from({ length: 20 }, (_, i) => tensors.filled(i, [i + 1], 'float32'));
        const contents = await Promise.all(made.map((tensor) => read(tensor)));
        for (const [i, { values }] of contents.entries()) {
          compareBits(
            values,
            new Float32Array(i + 1).fill(i),
            'float32',
            `read ${i} of 20 that were asked for at once`,
          );
        }
        await verifyForward(subject, inputsOf({ shape: [3, 7], options: { dim: 7, axis: -1 } }, subject.random));
      }),
  },
];

export const tensorCases: readonly Case[] = [...each, ...others];
