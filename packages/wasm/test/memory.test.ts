import { type Backend, RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { beforeEach, describe, expect, test } from 'vitest';

const MIB = 2 ** 20;
const outOfMemory = (message: RegExp): unknown =>
  expect.objectContaining({ code: 'OUT_OF_MEMORY', message: expect.stringMatching(message) });

let backend: Backend;
beforeEach(async () => {
  backend = await wasm().create();
});

describe('view()', () => {
  test('reads and writes the tensor itself', async () => {
    const x = backend.empty([1, 4]);
    x.view!().set([3, 4, 3, 4]);
    expect(await x.data()).toEqual(Float32Array.of(3, 4, 3, 4));
    const y = new RMSNorm(4).forward(x, x);
    expect(y.view!()).toEqual(await x.data());
  });

  test('is detached when memory grows; taken again it shows the same elements', () => {
    const x = backend.tensor([1, 2, 3], [3]);
    const before = x.view!();
    backend.empty([4 * MIB]);
    expect(before.length).toBe(0);
    expect(Array.from(x.view!())).toEqual([1, 2, 3]);
  });

  test('is of the elements, not of the block', () => {
    expect(backend.tensor(Uint16Array.of(1, 2, 3), [3], 'bfloat16').view!()).toEqual(Uint16Array.of(1, 2, 3));
    expect(backend.empty([0, 5]).view!().length).toBe(0);
  });

  test('can be copied into a new tensor, also where memory grows for that', async () => {
    const x = backend.tensor(
      Float32Array.from({ length: MIB }, (_, i) => i),
      [MIB],
    );
    const copies = [1, 2, 3, 4, 5, 6].map(() => backend.tensor(x.view!() as Float32Array, [MIB]));
    for (const copy of copies) expect(copy.view!().every((value, i) => value === i)).toBe(true);
  });
});

test('tensor.buffer names the place in the memory', () => {
  const x = backend.tensor([5, 6], [2]);
  const { memory, byteOffset, byteLength } = x.buffer as {
    memory: WebAssembly.Memory;
    byteOffset: number;
    byteLength: number;
  };
  expect(Array.from(new Float32Array(memory.buffer, byteOffset, byteLength / 4))).toEqual([5, 6]);
  expect(byteOffset % 64).toBe(0);
});

describe('the limit', () => {
  test('of maxBytes gives OUT_OF_MEMORY, and what is disposed is given again', async () => {
    const small = await wasm({ maxBytes: 4 * MIB }).create();
    const x = small.tensor(new Float32Array(MIB / 2).fill(2), [1, MIB / 2]);
    const norm = new RMSNorm({ dim: MIB / 2, affine: false });
    expect(() => norm.forward(x)).toThrow(
      outOfMemory(/no 2097152 bytes.*2490432 are in use.*may grow to 4194304.*maxBytes/),
    );
    expect(small.memory()).toEqual({ tensors: 1, bytes: 2 * MIB });
    expect(norm.forward(x, x).view!()[0]).toBeCloseTo(1);
    for (let i = 0; i < 100; i++) {
      const y = small.empty([MIB / 4]);
      y.dispose();
    }
    x.dispose();
    small.empty([(3 / 4) * MIB]);
    expect(() => small.empty([MIB / 4])).toThrow(outOfMemory(/no 1048576 bytes/));
  });

  test('of 4 GiB gives OUT_OF_MEMORY; tensors beyond 2 GiB work', async () => {
    const tensors = Array.from({ length: 15 }, () => backend.empty([64 * MIB]));
    expect(() => backend.empty([64 * MIB])).toThrow(
      outOfMemory(/no 268435456 bytes.*4026925120 are in use.*4294967232/),
    );
    expect(() => backend.empty([2 ** 40])).toThrow(outOfMemory(/no 4398046511104 bytes/));

    const values = Float32Array.from({ length: 5 * 1000 }, (_, i) => Math.sin(i));
    const norm = new RMSNorm({ dim: 1000, axis: -1 });
    const high = backend.tensor(values, [5, 1000]);
    expect((high.buffer as { byteOffset: number }).byteOffset).toBeGreaterThan(2 ** 31);
    const low = (await wasm().create()).tensor(values, [5, 1000]);
    const rstd = backend.empty([5, 1, 1]);
    expect(await norm.forward(high, { rstd }).data()).toEqual(await norm.forward(low).data());
    expect(rstd.view!()[4]).toBeCloseTo(Math.SQRT2, 1);
    for (const tensor of tensors) tensor.dispose();
    expect(backend.empty([256 * MIB]).shape).toEqual([256 * MIB]);
  });
});

test('tensors that come and go leave memory as it was', () => {
  const norm = new RMSNorm({ dim: 300, axis: -1, bias: true });
  const x = backend.empty([7, 300]);
  norm.forward(x).dispose();
  const { memory } = x.buffer as { memory: WebAssembly.Memory };
  const bytes = memory.buffer.byteLength;
  const books = backend.memory();
  for (let i = 0; i < 5000; i++) norm.forward(x).dispose();
  expect(memory.buffer.byteLength).toBe(bytes);
  expect(backend.memory()).toEqual(books);
  norm.dispose();
  expect(backend.memory()).toEqual({ tensors: 1, bytes: 7 * 300 * 4 });
});
