import { hostTensor, RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';
import { expect, test } from 'vitest';

// More than the part that apply does at a time.
const [ROWS, DIM] = [8192, 32];
const COUNT = ROWS * DIM;
/** Elements before and behind x. */
const ROOM = 8;

const NORM = new RMSNorm({ dim: DIM, axis: -1, eps: 0 });
const RMS = Math.sqrt(Array.from({ length: DIM }, (_, i) => (i + 1) ** 2).reduce((a, b) => a + b) / DIM);

/** Rows 1, 2, ..., DIM, with room before and behind them. */
const elements = (): Float32Array => Float32Array.from({ length: COUNT + 2 * ROOM }, (_, i) => ((i - ROOM) % DIM) + 1);

/** Whether each is what becomes of such a row. */
const isRight = ({ data }: { readonly data: ArrayLike<number> }): boolean =>
  Array.from(data).every((value, i) => Math.abs(value - ((i % DIM) + 1) / RMS) < 1e-5);

test.each([-ROOM, ROOM])('views of a memory before and after it grew, out %i elements behind x', async (by) => {
  const backend = await wasm({ threads: threads(2) }).create();
  const tensor = backend.tensor(elements(), [COUNT + 2 * ROOM]);
  const before = tensor.view().subarray(ROOM, ROOM + COUNT);
  const large = backend.empty([64, 2 ** 20]);
  const after = tensor.view().subarray(ROOM + by, ROOM + by + COUNT);
  expect(after.buffer).not.toBe(before.buffer);
  const out = hostTensor(after, [ROWS, DIM]);
  expect(isRight(await NORM.apply(hostTensor(before, [ROWS, DIM]), backend, { out }))).toBe(true);

  const own = new RMSNorm({ dim: COUNT, axis: -1 });
  own.gamma = hostTensor(before);
  const overGamma = own.apply(hostTensor(new Float32Array(COUNT), [1, COUNT]), backend, {
    out: hostTensor(after, [1, COUNT]),
  });
  await expect(overGamma).rejects.toThrow(expect.objectContaining({ code: 'ALIASING' }));
  for (const each of [tensor, large]) each.dispose();
  await backend.dispose();
});

test.each([-ROOM, 0, ROOM])('two buffers over one shared memory, out %i elements behind x', async (by) => {
  const backend = await wasm().create();
  const memory = new SharedArrayBuffer((COUNT + 2 * ROOM) * 4);
  new Float32Array(memory).set(elements());
  const rows = (of: SharedArrayBuffer, first: number) =>
    hostTensor(new Float32Array(of, first * 4, COUNT), [ROWS, DIM]);
  const out = rows(structuredClone(memory), ROOM + by);
  expect(isRight(await NORM.apply(rows(memory, ROOM), backend, { out }))).toBe(true);
  await backend.dispose();
});
