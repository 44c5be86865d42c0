import { RMSNorm } from '@rmsnorm/core';
import { type WebGPUBackend, type WebGPUTensor, webgpu } from '@rmsnorm/webgpu';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countCalls } from './counted-device.ts';
import { describeOnDevice, newDevice } from './node-webgpu.ts';

describeOnDevice('record()', () => {
  let device: GPUDevice;
  let backend: WebGPUBackend;
  let calls: ReturnType<typeof countCalls>;
  const norm = new RMSNorm({ dim: 8, axis: -1 });

  beforeAll(async () => {
    device = await newDevice();
    calls = countCalls(device);
    backend = await webgpu({ device }).create();
  });
  afterAll(async () => {
    norm.dispose();
    await backend.dispose();
    device.destroy();
  });

  test('submits what is pending, and puts the work between the commands of the caller, who submits it', async () => {
    const x = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    const pending = backend.tensor(new Float32Array(16).fill(5), [2, 8]);
    const y = backend.tensor(new Float32Array(16).fill(7), [2, 8]);
    const source = device.createBuffer({ size: 64, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
    const target = device.createBuffer({ size: 64, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    device.queue.writeBuffer(source, 0, new Float32Array(16).fill(-2));
    norm.forward(x, y);
    await y.data();
    norm.forward(pending, pending);
    calls.since();

    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, x.buffer as GPUBuffer, 0, 64);
    expect(calls.since()).toMatchObject({ submits: 1 });
    backend.record(encoder, () => {
      norm.forward(x, y);
      norm.forward(y, x);
      backend.flush();
    });
    encoder.copyBufferToBuffer(y.buffer as GPUBuffer, 0, target, 0, 64);
    expect(calls.since()).toMatchObject({ submits: 0, passes: 1, dispatches: 2, encoders: 0, buffers: 0 });
    await new Promise((resolve) => setTimeout(resolve));
    expect(calls.since().submits).toBe(0);

    device.queue.submit([encoder.finish()]);
    await target.mapAsync(GPUMapMode.READ);
    // float32 of (-2)^2 + 1e-6 is not exactly 4, and the last place of -1 is the suite's concern.
    for (const value of new Float32Array(target.getMappedRange())) expect(value).toBeCloseTo(-1, 6);
    expect((await x.data())[0]).toBeCloseTo(-1, 6);
    expect((await pending.data())[0]).toBeCloseTo(1, 6);
    for (const tensor of [x, y, pending]) tensor.dispose();
    for (const buffer of [source, target]) buffer.destroy();
  });

  test('needs tensors for all results, and leaves nothing behind where there are none', async () => {
    const x = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    norm.forward(x, x);
    const before = backend.memory();
    const encoder = device.createCommandEncoder();
    const refused = (name: string): RegExp =>
      new RegExp(`RMSNORM_INVALID_OPTION: within record\\(\\), .* needs .* ${name} that was made before`);
    expect(() => backend.record(encoder, () => norm.forward(x))).toThrow(refused('out'));
    expect(() => backend.record(encoder, () => norm.forward(x, backend.empty([2, 8])))).toThrow(refused('out'));
    const y = backend.empty([2, 8]);
    expect(() => backend.record(encoder, () => norm.addForward(x, x, { out: { y } }))).toThrow(refused('sum'));
    y.dispose();
    // The one tensor is the test's own, which was not disposed: what the operations made is gone.
    expect(backend.memory().tensors - before.tensors).toBe(1);
    x.dispose();
  });

  test('refuses what cannot work in it', async () => {
    const x = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    const encoder = device.createCommandEncoder();
    let reading: Promise<unknown> = Promise.resolve();
    backend.record(encoder, () => {
      reading = x.data();
      reading.catch(() => {});
    });
    await expect(reading).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(() => backend.record(encoder, async () => {})).toThrow(/RMSNORM_INVALID_OPTION: .* is async/);
    const rejected: unknown[] = [];
    const hear = (reason: unknown): void => void rejected.push(reason);
    process.on('unhandledRejection', hear);
    const fails = async (): Promise<void> => {
      throw new Error('mine');
    };
    expect(() => backend.record(encoder, fails)).toThrow(/ is async/);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', hear);
    expect(rejected).toEqual([]);
    const unreadable = Object.defineProperty({}, 'then', {
      get: () => {
        throw new Error('not yet');
      },
    });
    expect(() => backend.record(encoder, () => unreadable)).toThrow(
      /RMSNORM_INVALID_OPTION: .* cannot be read: not yet/,
    );
    const three = [encoder, () => {}, { label: 'norms' }] as unknown as [typeof encoder, () => void];
    expect(() => backend.record(...three)).toThrow(/argument 3 is too many, .*: write record\(encoder, fn\)/);
    expect(() => backend.record(encoder, () => backend.record(encoder, () => {}))).toThrow(/within record/);
    expect(() => backend.record(device.createCommandEncoder(), 1 as never)).toThrow(
      /record\(\) takes a function, got 1/,
    );
    expect(() => backend.record({} as never, () => {})).toThrow(/RMSNORM_INVALID_OPTION: .* takes a GPUCommandEncoder/);
    const own = new Error('mine');
    expect(() =>
      backend.record(encoder, () => {
        throw own;
      }),
    ).toThrow(own);
    // Nothing of that is left: work goes its usual way again.
    norm.forward(x, x);
    expect((await x.data())[0]).toBeCloseTo(1, 6);
    x.dispose();
  });

  test('a tensor that is freed within it is not given to the next', async () => {
    const out = backend.empty([2, 8]);
    const x = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    norm.forward(x, out);
    const encoder = device.createCommandEncoder();
    backend.record(encoder, () => {
      norm.forward(x, out);
      x.dispose();
    });
    // As large as x was: would be its memory, were it in the pool.
    const other = backend.tensor(new Float32Array(16), [2, 8]);
    device.queue.submit([encoder.finish()]);
    expect((await out.data())[0]).toBeCloseTo(1, 6);
    for (const tensor of [out, other]) tensor.dispose();
  });

  test.each<[string, (own: RMSNorm, x: WebGPUTensor) => void]>([
    ['gamma changes', (own) => (own.gamma!.data as Float32Array).fill(5)],
    ['the norm is disposed of', (own) => own.dispose()],
    ['x is', (_, x) => x.dispose()],
  ])('what was recorded is as it was when %s before the submit', async (_what, change) => {
    const own = new RMSNorm({ dim: 8, axis: -1 });
    (own.gamma!.data as Float32Array).fill(2);
    const x = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    const out = backend.empty([2, 8]);
    const encoder = device.createCommandEncoder();
    backend.record(encoder, () => own.forward(x, out));
    change(own, x);
    // As large as gamma, and as x: would be their memory, were it in the pool.
    const others = [8, 16].map((count) => backend.tensor(new Float32Array(count).fill(777), [count]));
    norm.forward(backend.tensor(new Float32Array(16).fill(1), [2, 8]));
    device.queue.submit([encoder.finish()]);
    for (const value of await out.data()) expect(value).toBeCloseTo(2, 5);
    for (const tensor of [out, ...others]) tensor.dispose();
  });

  test('work of two dispatches is recorded whole', async () => {
    const wide = new RMSNorm({ dim: 65_537, axis: -1, affine: false });
    const x = backend.tensor(new Float32Array(2 * 65_537).fill(3), [2, 65_537]);
    const y = backend.empty([2, 65_537]);
    const encoder = device.createCommandEncoder();
    calls.since();
    backend.record(encoder, () => wide.forward(x, y));
    expect(calls.since()).toMatchObject({ dispatches: 2, submits: 0 });
    device.queue.submit([encoder.finish()]);
    const values = (await y.data()) as Float32Array;
    expect(values.every((value) => Math.abs(value - 1) < 1e-6)).toBe(true);
    for (const tensor of [x, y]) tensor.dispose();
  });

  test('is refused by a disposed backend', async () => {
    const other = await webgpu({ device }).create();
    await other.dispose();
    expect(() => other.record(device.createCommandEncoder(), () => {})).toThrow(/RMSNORM_DISPOSED/);
  });
});
