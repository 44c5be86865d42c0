import { hostTensor, RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { expect, test } from 'vitest';

test('views of a shared memory before and after it grew are of one memory: a partial overlap is refused', async () => {
  const [rows, dim] = [64, 32];
  const backend = await wasm({ threads: 2 }).create();
  const tensor = backend.tensor(new Float32Array((rows + 1) * dim).fill(3), [rows + 1, dim]);
  const before = tensor.view().subarray(0, rows * dim);
  const large = backend.empty([64, 2 ** 20]);
  const after = tensor.view().subarray(dim);
  expect(after.buffer).not.toBe(before.buffer);
  const norm = new RMSNorm({ dim, axis: -1 });
  const apply = (out: Float32Array) =>
    norm.apply(hostTensor(before, [rows, dim]), backend, { out: hostTensor(out, [rows, dim]) });
  await expect(apply(after)).rejects.toThrow(expect.objectContaining({ code: 'ALIASING' }));
  expect(tensor.view()).toEqual(new Float32Array((rows + 1) * dim).fill(3));
  const { data } = await apply(tensor.view().subarray(0, rows * dim));
  expect(data[0]).toBeCloseTo(1, 6);
  for (const each of [tensor, large]) each.dispose();
  await backend.dispose();
});
