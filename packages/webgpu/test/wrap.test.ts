import { RMSNorm } from '@rmsnorm/core';
import { type WebGPUBackend, webgpu } from '@rmsnorm/webgpu';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnDevice, newDevice } from './node-webgpu.ts';

const dim = 64;
const plain = new RMSNorm({ dim, axis: -1, affine: false });

describeOnDevice('wrap()', () => {
  let device: GPUDevice;
  let backend: WebGPUBackend;
  let buffer: GPUBuffer;
  const usage = (): number => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

  beforeAll(async () => {
    device = await newDevice();
    backend = await webgpu({ device }).create();
    buffer = device.createBuffer({ size: 8 * 256, usage: usage() });
  });
  afterAll(async () => {
    await backend.dispose();
    buffer.destroy();
    device.destroy();
  });

  /** Row i of the buffer: 256 bytes, filled with value. */
  const row = (i: number, value: number): ReturnType<WebGPUBackend['wrap']> => {
    device.queue.writeBuffer(buffer, i * 256, new Float32Array(dim).fill(value));
    return backend.wrap({ buffer, offset: i * 256, size: 256 }, [1, dim]);
  };
  const first = async (tensor: { data(): Promise<ArrayLike<number>> }): Promise<number> => (await tensor.data())[0]!;

  test("takes the caller's GPUBuffer, which stays the caller's", async () => {
    const memory = backend.memory();
    const whole = backend.wrap(buffer, [8, dim]);
    expect(whole.buffer).toBe(buffer);
    expect(backend.memory().bytes).toBe(memory.bytes);
    whole.dispose();
    const again = row(0, 2);
    plain.forward(again, again);
    expect(await first(again)).toBeCloseTo(1, 6);
    again.dispose();
  });

  test('inputs and outputs may lie in one buffer', async () => {
    const [x, z, y, sum] = [row(0, 3), row(1, 4), row(2, 0), row(3, 0)];
    const gamma = row(4, 2);
    plain.addForward(x, z, { out: { y, sum } });
    expect(await first(sum)).toBe(7);
    expect(await first(y)).toBeCloseTo(1, 6);
    const { rmsNorm } = await import('@rmsnorm/core');
    rmsNorm(x, { dim, axis: -1, gamma: backend.wrap({ buffer, offset: 4 * 256 }, [dim]), out: y });
    expect(await first(y)).toBeCloseTo(2, 6);
    expect([await first(x), await first(z), await first(gamma)]).toEqual([3, 4, 2]);
  });

  // A row in registers, groups in loops, and a row that is split over workgroups.
  test.each([
    [64, 1],
    [64, 4],
    [65_536, 1],
  ])('forwardQuantized of %i features in %i groups in one buffer', async (size, groups) => {
    const values = Float32Array.from({ length: 2 * size }, (_, i) => (i % 97) - 48);
    const shared = device.createBuffer({ size: 2 ** 20, usage: buffer.usage });
    device.queue.writeBuffer(shared, 0, values);
    const norm = new RMSNorm({ dim: size, axis: -1, groups });
    const x = backend.wrap({ buffer: shared, offset: 0 }, [2, size]);
    const q = backend.wrap({ buffer: shared, offset: 2 ** 19 }, [2, size], 'int8');
    const scales = backend.wrap({ buffer: shared, offset: 2 ** 19 + 2 ** 18 }, [2, 1]);
    norm.forwardQuantized(x, { out: { q, scales } });
    const apart = norm.forwardQuantized(backend.tensor(values, [2, size]));
    expect(await q.data()).toEqual(await apart.q.data());
    expect(await scales.data()).toEqual(await apart.scales.data());
    shared.destroy();
  });

  test('one place may be an input twice, beside an output in the same buffer, and in place', async () => {
    const x = row(0, 3);
    const same = backend.wrap({ buffer, offset: 0 }, [1, dim]);
    const [y, sum] = [row(1, 0), row(2, 0)];
    plain.addForward(x, same, { out: { y, sum } });
    expect(await first(sum)).toBe(6);
    expect(await first(x)).toBe(3);
    plain.addForward(x, same, { out: { y, sum: same } });
    expect(await first(x)).toBe(6);
    expect(await first(y)).toBeCloseTo(1, 6);
  });

  test('in place through two tensors of one memory', async () => {
    const x = row(0, 5);
    plain.forward(x, backend.wrap({ buffer, offset: 0 }, [1, dim]));
    expect(await first(x)).toBeCloseTo(1, 6);
  });

  test('overlap in part, or with what is no place for an output, is ALIASING', () => {
    const code = (code: string): object => expect.objectContaining({ code });
    const wide = new RMSNorm({ dim: 2 * dim, axis: -1, affine: false });
    const x = backend.wrap({ buffer, offset: 0 }, [1, 2 * dim]);
    const shifted = backend.wrap({ buffer, offset: 256 }, [1, 2 * dim]);
    expect(() => wide.forward(x, shifted)).toThrow(code('ALIASING'));
    const rstd = backend.wrap({ buffer, offset: 256 }, [1, 1, 1]);
    expect(() => wide.forward(x, { rstd })).toThrow(code('ALIASING'));
    const y = backend.wrap({ buffer, offset: 512 }, [1, dim]);
    const z = backend.wrap({ buffer, offset: 512 }, [1, dim]);
    const other = backend.empty([1, dim]);
    expect(() => plain.addForward(other, other, { out: { y, sum: z } })).toThrow(code('ALIASING'));
  });

  test.each([
    ['no GPUBuffer', () => new Float32Array(64), 'FOREIGN_TENSOR', /takes a GPUBuffer, or \{ buffer.*got Float32Array/],
    ['nothing', () => null, 'FOREIGN_TENSOR', /got null/],
    ['a part of nothing', () => ({ offset: 0 }), 'FOREIGN_TENSOR', /got \{ offset: 0 \}/],
    [
      'what calls itself a GPUBuffer',
      () =>
        Object.defineProperty({ [Symbol.toStringTag]: 'GPUBuffer', size: 256 }, 'usage', {
          get: () => {
            throw new Error('none');
          },
        }),
      'FOREIGN_TENSOR',
      /the GPUBuffer cannot be read: none/,
    ],
    ['strides', () => ({ buffer, strides: [64, 1] }), 'INVALID_OPTION', /no key 'strides'.*contiguous/],
    ['a key of another API', () => ({ buffer, byteOffset: 0 }), 'INVALID_OPTION', /did you mean 'offset'\?/],
    ['a bigint', () => ({ buffer, offset: 256n }), 'SHAPE', /offset is 256n/],
    ['a symbol', () => Symbol('s'), 'FOREIGN_TENSOR', /got Symbol\(s\)/],
    ['null for an offset', () => ({ buffer, offset: null }), 'INVALID_OPTION', /offset in wrap's handle is null/],
    [
      'a buffer that is not for storage',
      () => device.createBuffer({ size: 256, usage: GPUBufferUsage.COPY_SRC }),
      'FOREIGN_TENSOR',
      /without GPUBufferUsage.STORAGE/,
    ],
    ['an offset between two places', () => ({ buffer, offset: 128 }), 'ALIGNMENT', /multiple of 256 bytes.*not at 128/],
    ['an offset that is no number of bytes', () => ({ buffer, offset: -256 }), 'SHAPE', /offset is -256/],
    [
      'a part beyond the end',
      () => ({ buffer, offset: 1792, size: 512 }),
      'SHAPE',
      /512 bytes from 1792 on end beyond the GPUBuffer, which has 2048/,
    ],
    ['an offset beyond the end', () => ({ buffer, offset: 2304 }), 'SHAPE', /size is -256/],
    ['too little', () => ({ buffer, size: 252 }), 'SHAPE', /needs 256 bytes, the memory to wrap has 252/],
  ])('refuses %s', (_, handle, code, message) => {
    expect(() => backend.wrap(handle(), [1, dim])).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  test('a buffer without COPY_SRC can be computed with, and says at data() what it lacks', async () => {
    const writeOnly = device.createBuffer({ size: 256, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(writeOnly, 0, new Float32Array(dim).fill(3));
    const x = backend.wrap(writeOnly, [1, dim]);
    expect(await first(plain.forward(x))).toBeCloseTo(1, 6);
    await expect(x.data()).rejects.toMatchObject({ code: 'UNSUPPORTED', message: /GPUBufferUsage.COPY_SRC/ });
    writeOnly.destroy();
  });

  test("a tensor's buffer has the tensor's size, in whole words", () => {
    expect((backend.empty([3, 5]).buffer as GPUBuffer).size).toBe(60);
    expect((backend.empty([3, 5], 'float16').buffer as GPUBuffer).size).toBe(32);
  });
});
