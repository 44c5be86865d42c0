import { type Backend, reference, rmsNorm, rmsNormBackward, type Tensor } from '@rmsnorm/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeOnDevice, nodeWebGPU } from './node-webgpu.ts';

// Where inner is odd, columns of 16 bits share words and are read in loops; where it is even, they are kept in registers. Their bits
// are the same.
describeOnDevice('columns of 16 bits', () => {
  describe.each([true, false])('with subgroups: %o', (subgroups) => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await nodeWebGPU({ subgroups }).create();
    });
    afterAll(() => backend.dispose());

    /** The first three of `inner` columns. */
    async function firstColumns(size: number, inner: number): Promise<(readonly number[])[]> {
      const place = (values: Uint16Array): Uint16Array => {
        const placed = new Uint16Array(size * inner);
        for (let i = 0; i < values.length; i++) placed[Math.floor(i / 3) * inner + (i % 3)] = values[i]!;
        return placed;
      };
      // bfloat16 of many magnitudes and both signs.
      const bits = (factor: number): Uint16Array =>
        Uint16Array.from({ length: size * 3 }, (_, i) => 0x3f00 + ((i * factor) % 509) + (i % 2) * 0x8000);
      const x = backend.tensor(place(bits(37)), [1, size, inner], 'bfloat16');
      const dy = backend.tensor(place(bits(101)), [1, size, inner], 'bfloat16');
      const gamma = backend.tensor(
        Float32Array.from({ length: size }, (_, i) => 0.5 + (i % 7) / 4),
        [size],
      );
      const y = await rmsNorm(x, { dim: size, gamma }).data();
      const dx = await rmsNormBackward(x, dy, { dim: size, gamma }).dx.data();
      return [y, dx].map((data) =>
        Array.from({ length: size * 3 }, (_, i) => data[Math.floor(i / 3) * inner + (i % 3)]!),
      );
    }

    test.each([8, 100, 1025, 4100])('%i features', async (size) => {
      const even = await firstColumns(size, 4);
      expect(await firstColumns(size, 3)).toEqual(even);
      expect(await firstColumns(size, 6)).toEqual(even);
    });

    // One feature, or two of 16 bits, are a workgroup's, or so many terms that they are added up in parts.
    test.each([
      { shape: [3, 8, 5], groups: 2, dtype: 'bfloat16' },
      { shape: [2, 4, 4801], groups: 1, dtype: 'bfloat16' },
      { shape: [1, 8193, 2], groups: 1, dtype: 'float32' },
    ] as const)('gradients of $shape in $groups groups, $dtype, in place too', async ({ shape, groups, dtype }) => {
      const features = shape[1];
      const count = shape[0] * features * shape[2];
      const bits = (factor: number): number[] =>
        Array.from({ length: count }, (_, i) => 0x3f00 + ((i * factor) % 509) + (i % 3 === 0 ? 0x8000 : 0));
      const number = (half: number): number => new Float32Array(Uint32Array.of(half << 16).buffer)[0]!;
      const gradients = async (on: Backend, inPlace: boolean): Promise<number[][]> => {
        const [x, dy] = [37, 101].map((factor) =>
          dtype === 'float32'
            ? on.tensor(Float32Array.from(bits(factor), number), shape)
            : on.tensor(Uint16Array.from(bits(factor)), shape, dtype),
        ) as [Tensor, Tensor];
        const gamma = on.tensor(
          Float32Array.from({ length: features }, (_, i) => 0.5 + (i % 7) / 4),
          [features],
        );
        const out = inPlace ? { out: { dx: dy } } : {};
        const { dx, dgamma, dbeta } = rmsNormBackward(x, dy, { dim: features, groups, gamma, beta: gamma, ...out });
        const results = [[...(await dx.data())], [...(await dgamma!.data())], [...(await dbeta!.data())]];
        for (const tensor of [x, dy, gamma, dx, dgamma!, dbeta!]) tensor.dispose();
        return dtype === 'float32' ? results : [results[0]!.map(number), ...results.slice(1)];
      };
      const exact = await reference().create();
      const expected = await gradients(exact, false);
      await exact.dispose();
      // dx to one step of the dtype, as both round nearly the same number; sums to a millionth of their terms, above 1 on average.
      const terms = count / features;
      const near = (step: number) => (found: readonly number[], index: number) => {
        for (const [i, value] of expected[index]!.entries()) {
          const bound = index === 0 ? step * Math.abs(value) + 1e-6 : 1e-6 * terms;
          expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(bound);
        }
      };
      for (const inPlace of [false, true])
        (await gradients(backend, inPlace)).forEach(near(dtype === 'float32' ? 1e-6 : 2 ** -7));
    });

    // In parts, by the block, and by the column.
    test.each([
      [1, 3, 5],
      [2, 4, 4801],
      [1, 4, 5],
      [1, 3, 4],
    ])('an infinite sum over %i x %i x %i is infinite', async (outer, features, inner) => {
      const count = outer * features * inner;
      const shape = [outer, features, inner];
      // -1, and an infinity.
      const dy = backend.tensor(new Uint16Array(count).fill(0xbf80).fill(0x7f80, 0, 1), shape, 'bfloat16');
      const x = backend.tensor(new Uint16Array(count).fill(0x3f80), shape, 'bfloat16');
      const gamma = backend.tensor(new Float32Array(features).fill(1), [features]);
      const { dx, dgamma, dbeta } = rmsNormBackward(x, dy, { dim: features, gamma, beta: gamma });
      for (const sums of [dgamma, dbeta]) {
        const [first, ...others] = await sums!.data();
        expect(first).toBe(Infinity);
        for (const other of others) expect(other).toBeCloseTo(-outer * inner, 1);
      }
      for (const tensor of [x, dy, gamma, dx, dgamma!, dbeta!]) tensor.dispose();
    });
  });
});
