import { type Backend, RMSNorm } from '@rmsnorm/core';
import { type WasmBuffer, wasm } from '@rmsnorm/wasm';
import { beforeEach, describe, expect, test } from 'vitest';

const coded = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

let backend: Backend;
beforeEach(async () => {
  backend = await wasm().create();
});

describe('wrap()', () => {
  test('takes a part of a view: its rows are normalized where they lie', async () => {
    const x = backend.tensor([1, 1, 3, 4, 1, 1], [3, 2]);
    const row = backend.wrap(x.view!().subarray(2, 4), [1, 2]);
    new RMSNorm({ dim: 2, eps: 0 }).forward(row, row);
    expect(Array.from(await x.data())).toEqual([1, 1, Math.fround(Math.sqrt(0.72)), expect.closeTo(1.13137, 5), 1, 1]);
  });

  test('takes tensor.buffer, and { byteOffset, byteLength }', async () => {
    const x = backend.tensor([1, 2, 3, 4], [4]);
    const { byteOffset } = x.buffer as WasmBuffer;
    expect(Array.from(await backend.wrap(x.buffer, [2, 2]).data())).toEqual([1, 2, 3, 4]);
    expect(Array.from(await backend.wrap({ byteOffset: byteOffset + 4, byteLength: 8 }, [2]).data())).toEqual([2, 3]);
  });

  test('leaves the memory to its owner, off the books', async () => {
    const x = backend.tensor([1, 2], [2]);
    const books = backend.memory();
    const wrapped = backend.wrap(x.view!(), [2]);
    expect(backend.memory()).toEqual({ ...books, tensors: 2 });
    wrapped.dispose();
    expect(backend.memory()).toEqual(books);
    const other = backend.tensor([7, 7], [2]);
    expect(Array.from(await x.data())).toEqual([1, 2]);
    expect(Array.from(await other.data())).toEqual([7, 7]);
  });

  test('of memory that tidy() frees is no result of it', () => {
    const part = (): unknown => {
      const { byteOffset } = backend.empty([8]).buffer as WasmBuffer;
      return backend.wrap({ byteOffset: byteOffset + 8, byteLength: 8 }, [2]);
    };
    expect(() => backend.tidy(part)).toThrow(coded('DISPOSED', /tidy/));
    expect(() => backend.tidy(() => backend.empty([8]).view!().subarray(2))).toThrow(coded('DISPOSED', /tidy/));
    expect(backend.memory().tensors).toBe(0);
  });

  test('holds through growth', async () => {
    const x = backend.tensor([1, 2], [2]);
    const wrapped = backend.wrap(x.view!(), [2]);
    backend.empty([2 ** 20]);
    expect(Array.from(wrapped.view!())).toEqual([1, 2]);
  });

  test('takes 16-bit elements at any even byte, and any of them for less than it holds', async () => {
    const x = backend.tensor(Uint16Array.of(1, 2, 3, 4), [4], 'float16');
    expect(await backend.wrap(x.view!().subarray(1), [2], 'float16').data()).toEqual(Uint16Array.of(2, 3));
  });

  test.each<[string, (x: WasmBuffer) => unknown, string, RegExp]>([
    ['an array outside', () => new Float32Array(4), 'FOREIGN_TENSOR', /does not lie in.*backend\.tensor\(\)/],
    [
      'nothing',
      () => null,
      'FOREIGN_TENSOR',
      /typed array over this backend's memory, or \{ byteOffset, byteLength \}/,
    ],
    ['a number', () => 1024, 'FOREIGN_TENSOR', /typed array/],
    [
      'an ArrayBuffer',
      ({ memory }) => memory.buffer,
      'INVALID_OPTION',
      /an object with the keys memory.*got ArrayBuffer/,
    ],
    ['strides', ({ byteOffset }) => ({ byteOffset, strides: [1] }), 'INVALID_OPTION', /no key 'strides'.*contiguous/],
    [
      'another key',
      ({ byteOffset }) => ({ byteOffset, length: 16 }),
      'INVALID_OPTION',
      /no key 'length'.*'byteLength'\?/,
    ],
    ['a bigint', () => ({ byteOffset: 64n, byteLength: 16n }), 'SHAPE', /got 64n and 16n/],
    ['a symbol', () => Symbol('s'), 'FOREIGN_TENSOR', /got Symbol\(s\)/],
    [
      'null for a length',
      () => ({ byteOffset: 64, byteLength: null }),
      'INVALID_OPTION',
      /byteLength in wrap's handle/,
    ],
    ['a place without a length', () => ({ byteOffset: 1024 }), 'SHAPE', /undefined/],
    ['a negative place', () => ({ byteOffset: -64, byteLength: 16 }), 'SHAPE', /-64/],
    ['a place that is no number', () => ({ byteOffset: '64', byteLength: 16 }), 'SHAPE', /64/],
    ['too few bytes', ({ byteOffset }) => ({ byteOffset, byteLength: 12 }), 'SHAPE', /needs 16 bytes.*has 12/],
    [
      'a place beyond the end',
      ({ memory }) => ({ byteOffset: memory.buffer.byteLength - 8, byteLength: 16 }),
      'SHAPE',
      /beyond the WebAssembly memory, which has 1048576/,
    ],
    [
      'an odd place',
      ({ byteOffset }) => ({ byteOffset: byteOffset + 2, byteLength: 16 }),
      'ALIGNMENT',
      /float32.*multiple of 4/,
    ],
  ])('refuses %s', (_, handleFrom, code, message) => {
    const x = backend.empty([8]);
    expect(() => backend.wrap(handleFrom(x.buffer as WasmBuffer), [4])).toThrow(coded(code, message));
  });

  test('refuses a buffer of another backend, and a detached view', async () => {
    const other = (await wasm().create()).empty([4]);
    expect(() => backend.wrap(other.buffer, [4])).toThrow(coded('FOREIGN_TENSOR', /another backend/));
    expect(() => backend.wrap(other.view!(), [4])).toThrow(coded('FOREIGN_TENSOR', /does not lie/));
    const view = backend.empty([4]).view!();
    backend.empty([2 ** 20]);
    expect(() => backend.wrap(view, [4])).toThrow(coded('FOREIGN_TENSOR', /detached: memory grew/));
  });
});

describe('forward on wrapped memory', () => {
  const norm = new RMSNorm({ dim: 4, axis: -1 });

  test('works in place through two tensors that name the same memory', async () => {
    const x = backend.tensor([1, 2, 3, 4], [1, 4]);
    const expected = await norm.forward(x).data();
    norm.forward(x, backend.wrap(x.buffer, [1, 4]));
    expect(await x.data()).toEqual(expected);
  });

  test.each([
    ['out, with x', 0, 16],
    ['out, with rstd', 48, 0],
  ])('refuses an overlap of %s, before it writes', async (_, xAt, outAt) => {
    const memory = backend.tensor(
      Float32Array.from({ length: 24 }, (_, i) => i),
      [24],
    );
    const part = (at: number, shape: number[]) => backend.wrap(memory.view!().subarray(at / 4), shape);
    const targets = { out: part(outAt, [2, 4]), rstd: part(16, [2, 1, 1]) };
    if (xAt === 0) Reflect.deleteProperty(targets, 'rstd');
    expect(() => norm.forward(part(xAt, [2, 4]), targets)).toThrow(
      coded('ALIASING', /\(\d+ bytes from \d+ on\) overlap/),
    );
    expect(Array.from(await memory.data())).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });

  test('takes neighbours for x and out', async () => {
    const memory = backend.tensor([1, 2, 3, 4, 0, 0, 0, 0], [8]);
    norm.forward(backend.wrap(memory.view!(), [1, 4]), backend.wrap(memory.view!().subarray(4), [1, 4]));
    const expected = await norm.forward(backend.tensor([1, 2, 3, 4], [1, 4])).data();
    expect((await memory.data()).subarray(4)).toEqual(expected);
  });
});
