import { isRMSNormError } from '@rmsnorm/core';
import { NotApplicable } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { wrapMemoryOf } from '../../case/wrapping.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { normal } from '../../inputs/distributions.ts';
import { elements } from '../../inputs/elements.ts';
import { compareY, enqueue } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';
import type { TensorCheck } from './tensor-check.ts';

/** Where the backend lets a tensor's memory be seen from outside: through `view`, and through its handle and `wrap`. */
export const SHARED_MEMORY: Readonly<Record<string, TensorCheck>> = {
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
      const written = { ...inputs, operands: { ...inputs.operands, x: other.values } };
      compareY(subject, written, result.values, { lookAt: 'the input was written through view()' });
    });
  },

  /** Where the backend wraps memory, a tensor's own handle can be wrapped; the new tensor does not own it. */
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
