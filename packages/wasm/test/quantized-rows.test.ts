import { RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { expect, test } from 'vitest';

test.each(['float32', 'float16', 'bfloat16'] as const)(
  'forwardQuantized of %s: a row has the same bits beside a NaN, a row of zeros and an infinity as alone',
  async (dtype) => {
    const backend = await wasm().create();
    const dim = 67;
    const rows = Array.from({ length: 9 }, (_, row) =>
      Float32Array.from({ length: dim }, (_, i) => Math.sin(row * dim + i) * 2 ** (row % 3)),
    );
    rows[1]!.fill(0);
    rows[4]![5] = Number.NaN;
    rows[7]![dim - 1] = Number.POSITIVE_INFINITY;
    const norm = new RMSNorm({ dim, axis: -1 });
    (norm.gamma!.data as Float32Array).forEach((_, i, gamma) => {
      gamma[i] = 1 + Math.cos(i);
    });
    const quantized = async (some: readonly Float32Array[]): Promise<{ q: number[]; scales: number[] }> => {
      const { q, scales } = norm.forwardQuantized(
        backend.tensor(
          some.flatMap((row) => [...row]),
          [some.length, dim],
          dtype,
        ),
      );
      return { q: Array.from(await q.data()), scales: Array.from(await scales.data()) };
    };
    const together = await quantized(rows);
    for (const [i, row] of rows.entries()) {
      const alone = await quantized([row]);
      expect(together.q.slice(i * dim, (i + 1) * dim)).toEqual(alone.q);
      expect(together.scales[i]).toBe(alone.scales[0]);
    }
    await backend.dispose();
  },
);
