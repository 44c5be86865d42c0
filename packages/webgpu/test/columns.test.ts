import { type Backend, rmsNorm, rmsNormBackward } from '@rmsnorm/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeOnDevice, nodeWebGPU } from './node-webgpu.ts';

// Where inner is odd, columns of 16 bits share words and are read in loops; where it is even, they are held. Their bits
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
  });
});
