import { check } from '../../case/failure.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { normal } from '../../inputs/distributions.ts';
import { elements } from '../../inputs/elements.ts';
import { decode, FORMATS, round } from '../../inputs/formats.ts';
import type { TensorCheck } from './tensor-check.ts';

const COUNTS = [1, 2, 3, 5, 127, 65537];

/** What goes in comes out, for every kind of data. */
export const CONTENTS: Readonly<Record<string, TensorCheck>> = {
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
};
