import { RMSNorm } from '@rmsnorm/core';
import { webgpu } from '@rmsnorm/webgpu';
import { expect, test } from 'vitest';
import { countCalls } from './counted-device.ts';
import { describeOnDevice, gpu, newDevice } from './node-webgpu.ts';

const plain = new RMSNorm({ dim: 8, axis: -1, affine: false });

/** The device of a backend that requested it itself. */
async function ownDevice(): Promise<{ provider: ReturnType<typeof webgpu>; devices: GPUDevice[] }> {
  const devices: GPUDevice[] = [];
  const watched = {
    async requestAdapter() {
      const adapter = (await gpu!.requestAdapter())!;
      const request = adapter.requestDevice.bind(adapter);
      Object.defineProperty(adapter, 'requestDevice', {
        value: async (descriptor: GPUDeviceDescriptor) => {
          const device = await request(descriptor);
          devices.push(device);
          return device;
        },
      });
      return adapter;
    },
  };
  return { provider: webgpu({ gpu: watched }), devices };
}

describeOnDevice('a lost device', () => {
  test('of ours rejects what is pending and all that comes; create() gives a fresh one', async () => {
    const { provider, devices } = await ownDevice();
    const backend = await provider.create();
    const x = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    const y = plain.forward(x);
    const pending = y.data();
    const rows = { dtype: 'float32', shape: [2, 8], data: new Float32Array(16).fill(3) } as const;
    const applied = plain.apply(rows, backend);
    devices[0]!.destroy();
    await expect(applied).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    await expect(pending).rejects.toMatchObject({
      code: 'DEVICE_LOST',
      message: /provider\.create\(\) starts a fresh one/,
    });
    for (const late of [y.data(), plain.apply(rows, backend), backend.prepare(plain, [[2, 8]])]) {
      await expect(late).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    }
    for (const call of [
      () => backend.tensor([1], [1]),
      () => backend.empty([1]),
      () => plain.forward(x),
      () => plain.forward(x, x),
      () => backend.flush(),
      () => backend.wrap({}, [1]),
      () => backend.record(devices[0]!.createCommandEncoder(), () => {}),
    ]) {
      expect(call).toThrow(expect.objectContaining({ code: 'DEVICE_LOST' }));
    }
    for (const tensor of [x, y]) tensor.dispose();
    expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
    await backend.dispose();

    const fresh = await provider.create();
    const z = fresh.tensor(new Float32Array(16).fill(3), [2, 8]);
    expect((await plain.forward(z).data())[0]).toBeCloseTo(1, 6);
    await fresh.dispose();
    await devices[1]!.lost;
  });

  test("of the caller's makes probe() and create() say so", async () => {
    const device = await newDevice();
    const provider = webgpu({ device });
    const backend = await provider.create();
    device.destroy();
    await device.lost;
    await expect(backend.prepare(plain, [[2, 8]])).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    expect(await provider.probe()).toMatchObject({ ok: false, code: 'DEVICE_LOST', hint: /request a new device/ });
    await expect(provider.create()).rejects.toMatchObject({ code: 'DEVICE_LOST' });
    await backend.dispose();
  });
});

describeOnDevice('what the device refuses', () => {
  test('surfaces at data(), with the cause, of what was computed from it alone, and later work goes on', async () => {
    const device = await newDevice();
    const uncaptured: string[] = [];
    device.addEventListener('uncapturederror', ({ error }) => uncaptured.push(error.message));
    const backend = await webgpu({ device }).create();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const gone = device.createBuffer({ size: 64, usage });
    const wrapped = backend.wrap(gone, [2, 8]);
    const good = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    const before = plain.forward(good);
    backend.flush();

    gone.destroy();
    const spoiled = plain.forward(wrapped);
    backend.flush();
    const onward = plain.forward(spoiled);
    const after = plain.forward(good);
    for (const tensor of [spoiled, onward]) {
      await expect(tensor.data()).rejects.toMatchObject({
        code: 'DEVICE_ERROR',
        message: /the device refused the work behind this tensor: .*destroyed/i,
        cause: { message: expect.any(String) },
      });
    }
    expect((await before.data())[0]).toBeCloseTo(1, 6);
    expect((await after.data())[0]).toBeCloseTo(1, 6);
    // Written again, it is good again.
    plain.forward(good, spoiled);
    expect((await spoiled.data())[0]).toBeCloseTo(1, 6);
    expect((await plain.forward(spoiled).data())[0]).toBeCloseTo(1, 6);
    expect(uncaptured).toEqual([]);
    await backend.dispose();
    device.destroy();
  });

  test('is told of a buffer of another device too', async () => {
    const [device, other] = [await newDevice(), await newDevice()];
    const backend = await webgpu({ device }).create();
    const foreign = other.createBuffer({ size: 64, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
    const y = plain.forward(backend.wrap(foreign, [2, 8]));
    await expect(y.data()).rejects.toMatchObject({
      code: 'DEVICE_ERROR',
      message: /the device refused a buffer: .*associated/,
    });
    await backend.dispose();
    for (const one of [device, other]) one.destroy();
  });

  test('a shader that does not compile is named at data(), at apply() and by prepare(), with the cause', async () => {
    const device = await newDevice();
    const uncaptured: string[] = [];
    device.addEventListener('uncapturederror', ({ error }) => uncaptured.push(error.message));
    const create = device.createShaderModule.bind(device);
    Object.assign(device, { createShaderModule: () => create({ code: 'fn main() { nonsense }' }) });
    const backend = await webgpu({ device }).create();
    const x = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    const rows = { dtype: 'float32', shape: [2, 8], data: new Float32Array(16) } as const;
    const refused = {
      code: 'DEVICE_ERROR',
      message: /shader resident:forward,.* does not compile on this device: /,
      cause: { message: expect.stringContaining('nonsense') },
    };
    await expect(backend.prepare(plain, [[2, 8]])).rejects.toMatchObject(refused);
    await expect(plain.forward(x).data()).rejects.toMatchObject(refused);
    await expect(plain.apply(rows, backend)).rejects.toMatchObject(refused);
    expect((await x.data())[0]).toBe(3);
    expect(uncaptured).toEqual([]);
    await backend.dispose();
    device.destroy();
  });

  test('a tensor larger than any buffer throws OUT_OF_MEMORY at once, with the limit', async () => {
    const device = await newDevice();
    const calls = countCalls(device);
    const backend = await webgpu({ device }).create();
    expect(() => backend.empty([device.limits.maxBufferSize / 4 + 1])).toThrow(
      expect.objectContaining({
        code: 'OUT_OF_MEMORY',
        message: expect.stringContaining(`maxBufferSize is ${device.limits.maxBufferSize}`),
      }),
    );
    expect(calls.since().buffers).toBe(0);
    expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
    await backend.dispose();
    device.destroy();
  });

  test('memory that the device does not have surfaces as OUT_OF_MEMORY at data(), and the backend goes on', async () => {
    const device = await newDevice();
    const uncaptured: string[] = [];
    device.addEventListener('uncapturederror', ({ error }) => uncaptured.push(error.message));
    // As a device does that is full: the buffer is invalid, and the error scope hears of it.
    const create = device.createBuffer.bind(device);
    let full = false;
    Object.defineProperty(device, 'createBuffer', {
      configurable: true,
      value: (descriptor: GPUBufferDescriptor) => (full ? outOfMemory(device, create, descriptor) : create(descriptor)),
    });
    const calls = countCalls(device);
    const backend = await webgpu({ device }).create();
    const x = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    await plain.forward(x).data();
    const wide = backend.tensor(new Float32Array(70_000).fill(3), [1, 70_000]);
    full = true;
    const y = backend.empty([4, 8]);
    full = false;
    const half = backend.tensor(new Float32Array(32).fill(3), [4, 8]);
    plain.forward(half, y);
    await expect(y.data()).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: /no memory for a buffer of 128 bytes/,
      cause: { message: expect.any(String) },
    });
    await expect(y.data()).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    y.dispose();
    expect((await plain.forward(half).data())[0]).toBeCloseTo(1, 6);
    full = true;
    const rows = { dtype: 'float32', shape: [9, 8], data: new Float32Array(72).fill(3) } as const;
    await expect(plain.apply(rows, backend)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    full = false;
    expect((await plain.apply(rows, backend)).data[0]).toBeCloseTo(1, 6);
    // Memory between two dispatches, and that of a call's parameters.
    full = true;
    const { q, scales } = new RMSNorm({ dim: 70_000, axis: -1, affine: false }).forwardQuantized(wide);
    full = false;
    for (const result of [q, scales]) {
      await expect(result.data()).rejects.toMatchObject({
        code: 'OUT_OF_MEMORY',
        message: /no memory for a buffer of/,
      });
    }
    const again = new RMSNorm({ dim: 70_000, axis: -1, affine: false }).forwardQuantized(wide);
    expect((await again.scales.data())[0]).toBeCloseTo(1 / 127, 6);
    expect(uncaptured).toEqual([]);
    await backend.dispose();
    expect(calls.live()).toBe(0);
    device.destroy();
  });
});

/** An invalid buffer, with an error of the kind that a full device raises. */
function outOfMemory(device: GPUDevice, create: GPUDevice['createBuffer'], descriptor: GPUBufferDescriptor): GPUBuffer {
  device.pushErrorScope('validation');
  const invalid = create({ ...descriptor, size: device.limits.maxBufferSize * 4 });
  void device.popErrorScope();
  const pop = device.popErrorScope.bind(device);
  Object.defineProperty(device, 'popErrorScope', {
    configurable: true,
    value: () => {
      Object.defineProperty(device, 'popErrorScope', { configurable: true, value: pop });
      return pop().then(() => ({ message: 'the device is full' }));
    },
  });
  return invalid;
}

describeOnDevice('a backend that is disposed', () => {
  test('still gives what is being read, and what it enqueued takes effect in the memory of the caller', async () => {
    const device = await newDevice();
    const backend = await webgpu({ device }).create();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: 64, usage });
    const x = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    const reading = plain.forward(x).data();
    plain.forward(x, backend.wrap(buffer, [2, 8]));
    await backend.dispose();
    expect((await reading)[0]).toBeCloseTo(1, 6);
    const other = await webgpu({ device }).create();
    expect((await other.wrap(buffer, [2, 8]).data())[0]).toBeCloseTo(1, 6);
    await other.dispose();
    device.destroy();
  });
});

describeOnDevice('data() that is aborted', () => {
  test('or not, by a signal that throws as it is given up, settles and leaves nothing behind', async () => {
    const device = await newDevice();
    const calls = countCalls(device);
    const backend = await webgpu({ device }).create();
    const x = backend.tensor(new Float32Array(16).fill(3), [2, 8]);
    await x.data();
    calls.since();
    const removeEventListener = (): void => {
      throw new Error('mine');
    };
    const signal = { aborted: false, addEventListener: () => {}, removeEventListener };
    for (let i = 0; i < 3; i++) expect((await x.data({ signal }))[0]).toBe(3);
    expect(calls.since().buffers).toBe(0);
    await backend.dispose();
    device.destroy();
  });

  test('rejects with the reason, before or while it waits, and leaves nothing behind', async () => {
    const device = await newDevice();
    const calls = countCalls(device);
    const backend = await webgpu({ device }).create();
    const x = backend.tensor(new Float32Array(2 ** 20).fill(3), [2 ** 17, 8]);
    await x.data();
    const reason = new Error('no longer wanted');
    const early = new AbortController();
    early.abort(reason);
    await expect(x.data({ signal: early.signal })).rejects.toBe(reason);
    calls.since();
    for (let i = 0; i < 3; i++) {
      const late = new AbortController();
      const data = x.data({ signal: late.signal });
      late.abort(reason);
      await expect(data).rejects.toBe(reason);
      expect((await x.data())[0]).toBe(3);
    }
    // The buffer to read through is there once more for each read that overlaps another, and no oftener.
    expect(calls.since().buffers).toBeLessThanOrEqual(1);
    await backend.dispose();
    expect(calls.live()).toBe(0);
    device.destroy();
  });
});
