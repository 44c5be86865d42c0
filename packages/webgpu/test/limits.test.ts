import { RMSNorm, rmsNorm } from '@rmsnorm/core';
import { type WebGPUBackend, webgpu } from '@rmsnorm/webgpu';
import { afterAll, expect, test } from 'vitest';
import { countCalls } from './counted-device.ts';
import { describeOnDevice, newDevice } from './node-webgpu.ts';

const plain = new RMSNorm({ dim: 1024, axis: -1, affine: false });

describeOnDevice('a device with the least limits that the standard allows', () => {
  test('normalizes a tensor that is larger than a binding, in parts', async () => {
    const device = await newDevice();
    const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
    expect([maxStorageBufferBindingSize, maxBufferSize]).toEqual([2 ** 27, 2 ** 28]);
    const calls = countCalls(device);
    const backend = await webgpu({ device, maxPooledBytes: 0 }).create();
    const rows = maxStorageBufferBindingSize / 4096 + 100;
    const x = backend.tensor(new Float32Array(rows * 1024).fill(3), [rows, 1024]);
    calls.since();
    plain.forward(x, x);
    expect(calls.since().dispatches).toBe(2);
    const y = (await x.data()) as Float32Array;
    expect(y.every((value) => Math.abs(value - 1) < 1e-6)).toBe(true);
    await backend.dispose();
    device.destroy();
  });
});

describeOnDevice('a device with lower limits than there are', () => {
  const backends: WebGPUBackend[] = [];
  const LIMITS = { maxBufferSize: 65_536, maxStorageBufferBindingSize: 16_384 };

  /** What takes gigabytes otherwise: the device says that it can less. */
  async function limited(limits: Partial<typeof LIMITS> = {}) {
    const device = await newDevice();
    const lower: Readonly<Record<string, number>> = { ...LIMITS, ...limits };
    const real = device.limits;
    const get = (_: object, name: string): unknown => lower[name] ?? real[name as keyof GPUSupportedLimits];
    Object.defineProperty(device, 'limits', { value: new Proxy({}, { get }) });
    const calls = countCalls(device);
    const backend = await webgpu({ device }).create();
    backends.push(backend);
    return { backend, calls };
  }
  afterAll(async () => {
    for (const backend of backends) await backend.dispose();
  });

  const filled = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i) + 1.5);

  test('gamma and beta must fit into a binding: the error has the limit, and nothing ran', async () => {
    const { backend, calls } = await limited({ maxBufferSize: 2 ** 20 });
    // 12 KB of x, 24 KB of gamma.
    const dim = 6000;
    const norm = new RMSNorm({ dim, axis: -1 });
    const x = backend.tensor(filled(dim), [1, dim], 'float16');
    const refused = (op: string, buffer: string): object =>
      expect.objectContaining({
        code: 'UNSUPPORTED',
        message: expect.stringContaining(
          `${op} needs ${buffer} in one binding of 24000 bytes, the device's maxStorageBufferBindingSize is 16384: use`,
        ),
      });
    expect(() => norm.forward(x, x)).toThrow(refused('forward', 'gamma'));
    const beta = backend.tensor(filled(dim), [dim]);
    expect(() => rmsNorm(x, { dim, axis: -1, beta, out: x })).toThrow(refused('forward', 'beta'));
    expect(() => norm.addForward(x, x)).toThrow(refused('addForward', 'gamma'));
    expect(() => norm.gatedForward(x, x)).toThrow(refused('gatedForward', 'gamma'));
    expect(() => norm.scaleBy(x, backend.empty([1, 1, 1]), dim)).toThrow(refused('scaleBy', 'gamma'));
    expect(() => norm.forwardQuantized(x)).toThrow(refused('forwardQuantized', 'gamma'));
    expect(() => norm.backward(x, x)).toThrow(refused('backward', 'gamma'));
    expect(calls.since()).toMatchObject({ dispatches: 0, encoders: 0, pipelines: 0 });
    norm.dispose();
  });

  test('a few rows, of which each fills half a binding, are done in parts', async () => {
    const { backend, calls } = await limited();
    const norm = new RMSNorm({ dim: 4 * 2048, axis: -1, groups: 4, affine: false });
    const x = backend.tensor(filled(4 * 2048), [1, 4 * 2048]);
    calls.since();
    const y = (await norm.forward(x).data()) as Float32Array;
    expect(calls.since().dispatches).toBe(2);
    for (let row = 0; row < 4; row++) {
      expect(Math.hypot(...y.subarray(row * 2048, (row + 1) * 2048)) / Math.sqrt(2048)).toBeCloseTo(1, 5);
    }
  });

  test('a single row beyond a binding is refused, with the limit', async () => {
    const { backend, calls } = await limited();
    const x = backend.tensor(filled(5000), [1, 5000]);
    calls.since();
    expect(() => rmsNorm(x, { dim: 5000, axis: -1 })).toThrow(
      /RMSNORM_UNSUPPORTED: .* needs bindings of 20000 bytes, the device's maxStorageBufferBindingSize is 16384/,
    );
    expect(calls.since().dispatches).toBe(0);
  });

  test('buffers that grow ahead, and those to read through, stay within the largest buffer', async () => {
    const { backend } = await limited({ maxBufferSize: 40_000, maxStorageBufferBindingSize: 40_000 });
    // r of so many rows is kept between two dispatches, in memory that would grow by a half.
    const norm = new RMSNorm({ dim: 1, axis: -1, affine: false });
    for (const rows of [8001, 9001]) {
      const x = backend.tensor(filled(rows), [rows, 1], 'float16');
      const { scales } = norm.forwardQuantized(x);
      // 36,004 bytes are read through a buffer of a power of two, but for this device.
      expect(await scales.data()).toHaveLength(rows);
    }
  });

  test.each<['float32' | 'float16', number[], number, number]>([
    ['float32', [300, 96], -1, 2],
    ['float16', [701, 97], -1, 3],
    ['float32', [1, 40, 1003], 1, 3],
    ['float16', [2, 40, 1003], 1, 4],
  ])(
    'apply() of %s %j is done in slices of rows, with the bits of a larger device',
    async (dtype, shape, axis, least) => {
      const { backend, calls } = await limited({ maxStorageBufferBindingSize: 65_536 });
      const device = await newDevice();
      const large = await webgpu({ device }).create();
      const dim = shape.at(axis)!;
      const norm = new RMSNorm({ dim, axis, bias: true });
      norm.gamma = { dtype: 'float32', shape: [dim], data: filled(dim) };
      const length = shape.reduce((product, n) => product * n);
      const values = large.tensor(filled(length), shape, dtype);
      const data = (await values.data()) as Float32Array | Uint16Array;
      expect(data.byteLength).toBeGreaterThan(65_536);
      calls.since();
      const { data: sliced } = await norm.apply({ dtype, shape, data }, backend);
      expect(calls.since().dispatches).toBeGreaterThanOrEqual(least);
      expect(sliced).toEqual(await norm.forward(values).data());
      // In place, in the caller's own array.
      await norm.apply({ dtype, shape, data }, backend, { out: { dtype, shape, data } });
      expect(data).toEqual(sliced);
      expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
      norm.dispose();
      await large.dispose();
      device.destroy();
    },
  );

  test('apply() of a row that is larger than any buffer is refused, with the limit, and leaves nothing behind', async () => {
    const { backend, calls } = await limited();
    const norm = new RMSNorm({ dim: 20_000, axis: -1, affine: false });
    const x = { dtype: 'float32', shape: [3, 20_000], data: filled(60_000) } as const;
    await expect(norm.apply(x, backend)).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: /a buffer of 80000 bytes is larger than this device allows \(maxBufferSize is 65536\)/,
    });
    expect(calls.since().dispatches).toBe(0);
  });
});
