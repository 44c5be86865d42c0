import { type Backend, RMSNorm, rmsNorm, rmsNormBackward, rmsNormQuantized } from '@rmsnorm/core';
import { webgpu } from '@rmsnorm/webgpu';
import { expect, test } from 'vitest';
import { type CountedCalls, countCalls, onCountedDevice, turn } from './counted-device.ts';
import { describeOnDevice, newDevice } from './node-webgpu.ts';

describeOnDevice('what is asked of the device', () => {
  let backend: Backend;
  let calls: CountedCalls;
  onCountedDevice((...made) => {
    [backend, calls] = made;
  });

  test.each([
    [[3, 64], 1],
    [[2, 8192], 1],
    [[1, 65_535], 1],
    [[1, 65_536], 2],
    [[2, 65_537], 2],
  ])('a forward of %o takes %i dispatches, in one pass, and no submit of its own', async (shape, dispatches) => {
    const norm = new RMSNorm({ dim: shape[1]!, axis: -1 });
    const x = backend.tensor(new Float32Array(shape[0]! * shape[1]!).fill(2), shape);
    const y = backend.empty(shape);
    norm.forward(x, y);
    await y.data();
    calls.since();
    norm.forward(x, y);
    expect(calls.since()).toMatchObject({ dispatches, encoders: 1, passes: 1, submits: 0, buffers: 0, bindGroups: 0 });
    await turn();
    expect(calls.since()).toMatchObject({ submits: 1, dispatches: 0 });
    for (const tensor of [x, y]) tensor.dispose();
    norm.dispose();
  });

  test.each([
    [[40, 64], 2],
    [[2, 8192], 2],
    [[2, 65_536], 3],
  ])(
    'a backward of %o takes %i dispatches, in one pass, and nothing new in the steady state',
    async (shape, dispatches) => {
      const size = shape[1]!;
      const x = backend.tensor(new Float32Array(shape[0]! * size).fill(2), shape);
      const gamma = backend.tensor(new Float32Array(size).fill(1), [size]);
      const dx = backend.empty(shape);
      const step = (): void => {
        const { dgamma } = rmsNormBackward(x, x, { dim: size, axis: -1, gamma, out: { dx } });
        dgamma!.dispose();
      };
      step();
      await turn();
      step();
      await turn();
      calls.since();
      step();
      expect(calls.since()).toMatchObject({
        dispatches,
        encoders: 1,
        passes: 1,
        submits: 0,
        buffers: 0,
        bindGroups: 0,
      });
      await turn();
      for (const tensor of [x, gamma, dx]) tensor.dispose();
    },
  );

  test('a forwardQuantized takes one dispatch', async () => {
    const x = backend.tensor(new Float32Array(3 * 130).fill(2), [3, 130]);
    calls.since();
    const { q, scales } = rmsNormQuantized(x, { dim: 130, axis: -1 });
    expect(calls.since()).toMatchObject({ dispatches: 1, submits: 0 });
    await turn();
    for (const tensor of [x, q, scales]) tensor.dispose();
  });

  test('the steady state makes no buffer and no bind group, with out and without', async () => {
    const norm = new RMSNorm({ dim: 96, axis: -1 });
    const x = backend.tensor(new Float32Array(5 * 96).fill(2), [5, 96]);
    const y = backend.empty([5, 96]);
    const step = (): void => {
      norm.forward(x, y);
      norm.forward(y, y);
      const z = norm.forward(y);
      rmsNorm(z, { dim: 96, axis: -1 }).dispose();
      z.dispose();
    };
    step();
    await turn();
    calls.since();
    for (let i = 0; i < 100; i++) step();
    await turn();
    expect(calls.since()).toEqual({
      ...{ buffers: 0, destroyed: 0, bindGroups: 0, pipelines: 0, writes: 0, copies: 0 },
      ...{ dispatches: 400, encoders: 1, passes: 1, submits: 1 },
    });
    for (const tensor of [x, y]) tensor.dispose();
    norm.dispose();
  });

  test('work is submitted at flush(), at data(), when tensor.buffer is read, and once per turn', async () => {
    const norm = new RMSNorm({ dim: 8, affine: false });
    const x = backend.tensor(new Float32Array(16).fill(2), [2, 8]);
    const y = backend.empty([2, 8]);
    norm.forward(x, y);
    calls.since();
    backend.flush();
    expect(calls.since().submits).toBe(1);
    backend.flush();
    expect(calls.since().submits).toBe(0);
    norm.forward(x, y);
    norm.forward(y, y);
    expect(y.buffer).toBeTruthy();
    expect(calls.since()).toMatchObject({ dispatches: 2, submits: 1 });
    norm.forward(x, y);
    const data = y.data();
    expect(calls.since()).toMatchObject({ dispatches: 1, copies: 1, submits: 1 });
    await data;
    await turn();
    expect(calls.since().submits).toBe(0);
    for (const tensor of [x, y]) tensor.dispose();
  });

  test('a loop without a pause is submitted in parts', async () => {
    const norm = new RMSNorm({ dim: 8, affine: false });
    const x = backend.tensor(new Float32Array(16).fill(2), [2, 8]);
    norm.forward(x, x);
    await turn();
    calls.since();
    for (let i = 0; i < 2500; i++) norm.forward(x, x);
    await turn();
    expect(calls.since()).toMatchObject({ dispatches: 2500, submits: 3 });
    x.dispose();
  });

  test('prepare() compiles what the first forward then finds', async () => {
    const norm = new RMSNorm({ dim: 48, axis: -1, bias: true });
    await backend.prepare(norm, [[7, 48]]);
    const x = backend.tensor(new Float32Array(7 * 48).fill(2), [7, 48]);
    calls.since();
    const y = norm.forward(x);
    norm.forward(y, { out: y, rstd: backend.empty([7, 1, 1]) });
    expect(calls.since()).toMatchObject({ pipelines: 0, dispatches: 2 });
    for (const value of await y.data()) expect(value).toBeCloseTo(1, 5);
    for (const tensor of [x, y]) tensor.dispose();
    norm.dispose();
  });

  test('a result is read through a buffer that is used again', async () => {
    const x = backend.tensor(new Float32Array(16).fill(2), [2, 8]);
    await x.data();
    calls.since();
    for (let i = 0; i < 5; i++) await x.data();
    expect(calls.since()).toMatchObject({ buffers: 0, destroyed: 0, copies: 5, submits: 5 });
    x.dispose();
  });
});

describeOnDevice('buffers', () => {
  test('are pooled within a bound, and all destroyed with the backend, but not the device', async () => {
    const device = await newDevice();
    const calls = countCalls(device);
    const backend = await webgpu({ device, maxPooledBytes: 10_000 }).create();
    const norm = new RMSNorm({ dim: 8, axis: -1 });
    for (let i = 1; i < 40; i++) {
      const x = backend.tensor(new Float32Array(8 * i).fill(2), [i, 8]);
      const y = norm.forward(x);
      await y.data();
      for (const tensor of [x, y]) tensor.dispose();
    }
    // Uniforms of 39 shapes, gamma, one for reading back; and of 2 * 39 freed ones those of at most 10,000 bytes.
    const { buffers, destroyed } = calls.since();
    expect(buffers).toBeGreaterThan(100);
    expect(destroyed).toBeGreaterThan(50);
    expect(calls.live()).toBe(buffers - destroyed);
    await backend.dispose();
    expect(calls.live()).toBe(0);
    expect(await Promise.race([device.lost, 'alive'])).toBe('alive');
    device.destroy();
  });

  test('are no more after many norms, tensors, arrays and reads than after a few', async () => {
    const device = await newDevice();
    const calls = countCalls(device);
    const backend = await webgpu({ device }).create();
    const rows = { dtype: 'float32', shape: [4, 8], data: new Float32Array(32).fill(3) } as const;
    const step = async (): Promise<void> => {
      const norm = new RMSNorm({ dim: 8, axis: -1, bias: true });
      const x = backend.tensor(rows.data, rows.shape);
      const { dx, dgamma, dbeta } = norm.backward(x, x);
      const results = [norm.forward(x), dx, dgamma!, dbeta!];
      for (const result of results) await result.data();
      await norm.apply(rows, backend);
      for (const tensor of [x, ...results]) tensor.dispose();
      norm.dispose();
      expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
    };
    for (let i = 0; i < 2; i++) await step();
    const live = calls.live();
    for (let i = 0; i < 20; i++) await step();
    expect(calls.live()).toBe(live);
    await backend.dispose();
    expect(calls.live()).toBe(0);
    device.destroy();
  });

  test('one that is freed while work on it is pending is kept until that has run', async () => {
    const device = await newDevice();
    const backend = await webgpu({ device, maxPooledBytes: 0 }).create();
    const x = backend.tensor(new Float32Array(64).fill(3), [8, 8]);
    const y = backend.empty([8, 8]);
    new RMSNorm({ dim: 8, affine: false }).forward(x, y);
    x.dispose();
    for (const value of await y.data()) expect(value).toBeCloseTo(1, 6);
    await backend.dispose();
    device.destroy();
  });
});
