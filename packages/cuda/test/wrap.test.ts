import { RMSNorm } from '@rmsnorm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import type { CudaBackend } from '../src/tensor.ts';
import { coded } from './coded.ts';
import { type FakeBackend, FakeNative } from './fake-native.ts';

const norm = new RMSNorm({ dim: 4, axis: -1, affine: false });

let backend: CudaBackend;
let device: FakeBackend;
beforeEach(async () => {
  ({ backend, device } = await new FakeNative().create());
});

describe('wrap()', () => {
  test.each<[string, unknown]>([
    ['a pointer', 0x1000n],
    ['a pointer with its length', { pointer: 0x1000n, bytes: 32 }],
    ['the end of an allocation', 0x1000n + 4064n],
    ['managed memory', 0x1000n],
  ])('takes %s', (what, handle) => {
    if (what.startsWith('managed')) device.known = { ...device.known, kind: 'managed' };
    const x = backend.wrap(handle, [2, 4]);
    expect(typeof x.buffer).toBe('bigint');
    norm.forward(x, x);
    expect(device.calls.at(-1)!.x).toBe(Number(x.buffer));
    x.dispose();
    expect(device.log.some((entry) => entry.startsWith('free'))).toBe(false);
  });

  test.each<[string, unknown, string, RegExp, object?]>([
    ['a number', 4096, 'FOREIGN_TENSOR', /as a bigint.*got 4096: write BigInt\(4096\)/],
    ['nothing', null, 'FOREIGN_TENSOR', /got null/],
    ['a string', '0x1000', 'FOREIGN_TENSOR', /got '0x1000'/],
    ['a negative pointer', -1n, 'FOREIGN_TENSOR', /-1 is no address/],
    ['one that is too large', 2n ** 60n, 'FOREIGN_TENSOR', /is no address/],
    ['another key', { pointer: 0x1000n, strides: [1] }, 'INVALID_OPTION', /strides.*a tensor is contiguous/],
    ['an offset', { pointer: 0x1000n, offset: 8 }, 'INVALID_OPTION', /add it to the pointer/],
    ['an object without a pointer', { bytes: 32 }, 'FOREIGN_TENSOR', /pointer must be a bigint, got undefined/],
    ['odd bytes', { pointer: 0x1000n, bytes: -1 }, 'SHAPE', /bytes must be an integer.*got -1/],
    ['too few bytes', { pointer: 0x1000n, bytes: 31 }, 'SHAPE', /needs 32 bytes, the memory to wrap has 31/],
    ['more than the allocation', 0x1000n + 4068n, 'SHAPE', /32 bytes from 0x1fe4 on end beyond.*4096.*has 28 left/],
    ['bytes beyond the allocation', { pointer: 0x1000n, bytes: 4097 }, 'SHAPE', /4097 bytes/],
    ['a pointer between elements', 0x1002n, 'ALIGNMENT', /float32.*multiple of 4 bytes, not at 0x1002/],
    ['memory of the host', 0x1000n, 'FOREIGN_TENSOR', /memory of the host.*backend\.tensor/, { kind: 'host' }],
    ['what CUDA does not know', 0x1000n, 'FOREIGN_TENSOR', /knows no memory at 0x1000/, { kind: 'unknown' }],
    ['null', 0n, 'FOREIGN_TENSOR', /knows no memory at 0x0/, { kind: 'unknown' }],
    ['another device', 0x1000n, 'FOREIGN_TENSOR', /on device 1, .* device 0.*cuda\(\{ device: 1 \}\)/, { device: 1 }],
  ])('refuses %s', (_what, handle, code, message, known = {}) => {
    device.known = { ...device.known, ...known };
    expect(() => backend.wrap(handle, [2, 4])).toThrow(coded(code, message));
    expect(backend.memory().tensors).toBe(0);
  });

  test('takes null for an empty tensor', () => {
    device.known = { ...device.known, kind: 'unknown' };
    expect(backend.wrap(0n, [0, 4]).buffer).toBe(0n);
    // Where an allocation ends, too.
    expect(backend.wrap(0x2000n, [0, 4]).buffer).toBe(0x2000n);
    expect(() => backend.wrap({ pointer: 0x2000n, bytes: 4 }, [0, 4])).toThrow(coded('FOREIGN_TENSOR', /knows no/));
  });

  test('takes 16-bit elements at even addresses', () => {
    expect(backend.wrap(0x1002n, [2], 'float16').buffer).toBe(0x1002n);
    expect(() => backend.wrap(0x1001n, [2], 'bfloat16')).toThrow(coded('ALIGNMENT', /multiple of 2/));
  });

  test('overlaps of wrapped memory are refused before anything runs', () => {
    const [x, y] = [backend.wrap(0x1000n, [2, 4]), backend.wrap(0x1010n, [2, 4])];
    expect(() => norm.forward(x, y)).toThrow(coded('ALIASING', /y .*0x1010.* and x .*0x1000.*overlap/));
    expect(() => norm.addForward(x, backend.empty([2, 4]), { out: { sum: y } })).toThrow(coded('ALIASING', /sum/));
    expect(device.calls).toEqual([]);
    norm.forward(x, backend.wrap(0x1000n, [2, 4]));
    expect(device.calls.length).toBe(1);
  });
});
