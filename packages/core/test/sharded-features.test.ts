import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const example = new URL('../examples/sharded-features.mjs', import.meta.url);
const { normalizeSharded } = (await import(example.href)) as {
  normalizeSharded(x: Float32Array, gamma: Float32Array, widths: number[], eps?: number): Promise<Float32Array>;
};

test.each([
  ['unequal shards', [70, 1, 29], 1],
  ['squares near the end of float32', [60, 40], 1e16],
  ['one process', [100], 1],
])('features over processes, one sum: %s', { timeout: 60_000 }, async (_name, widths, magnitude) => {
  const [rows, count, eps] = [5, 100, 1e-6];
  // Each shard has another magnitude, so that none of their own norms is that of the whole.
  const x = Float32Array.from({ length: rows * count }, (_, i) => magnitude * Math.sin(i + 1) * 1.05 ** (i % count));
  const gamma = Float32Array.from({ length: count }, (_, i) => 2 + Math.cos(i));
  const y = await normalizeSharded(x, gamma, widths, eps);
  for (let row = 0; row < rows; row++) {
    const elements = x.subarray(row * count, (row + 1) * count);
    const r = 1 / Math.sqrt(elements.reduce((sum, value) => sum + value ** 2, 0) / count + eps);
    for (const [i, value] of elements.entries()) {
      const exact = value * r * gamma[i]!;
      const ulp = 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 23);
      expect(Math.abs(y[row * count + i]! - exact) / ulp).toBeLessThanOrEqual(4);
    }
  }
});

test('a process that fails is an error, no endless wait', { timeout: 60_000 }, async () => {
  await expect(normalizeSharded(new Float32Array(4), new Float32Array(4), [4, 0])).rejects.toThrow(
    'a worker ended with exit code 1 before it was done',
  );
});

test('the example runs as it says', { timeout: 60_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(example)]);
  expect(stdout).toMatch(/^8 rows of 1024 features in 3 processes of 500, 300, 224\n/);
  expect(Number(/unsplit norm: (\S+) ulp/.exec(stdout)?.[1])).toBeLessThanOrEqual(4);
});
