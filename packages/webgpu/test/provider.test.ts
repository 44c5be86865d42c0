import { pickBackend, RMSNorm, reference } from '@rmsnorm/core';
import { webgpu } from '@rmsnorm/webgpu';
import { expect, test } from 'vitest';
import { describeOnDevice, gpu, newDevice, nodeWebGPU } from './node-webgpu.ts';

test('in Node, without a GPU object, the reason is NO_WEBGPU and the way out is named', async () => {
  expect(await webgpu().probe()).toEqual({
    ok: false,
    code: 'NO_WEBGPU',
    reason: 'navigator.gpu is undefined',
    hint: 'in Node: webgpu({ gpu: create([]) }) with the npm package webgpu',
  });
  await expect(webgpu().create()).rejects.toMatchObject({ code: 'NO_WEBGPU' });
  await expect(pickBackend([webgpu()])).rejects.toMatchObject({
    code: 'NO_BACKEND',
    message: /webgpu {2}NO_WEBGPU {2}navigator\.gpu is undefined/,
  });
});

test.each([
  ['gives none', async () => null, /requestAdapter\(\) gave none/],
  ['gives nothing at all', async () => undefined as never, /requestAdapter\(\) gave none/],
  ['fails', async () => Promise.reject(new Error('blocked')), /requestAdapter\(\) failed \(blocked\)/],
])('where requestAdapter() %s the reason is NO_ADAPTER', async (_, requestAdapter, reason) => {
  const provider = webgpu({ gpu: { requestAdapter } });
  expect(await provider.probe()).toMatchObject({ ok: false, code: 'NO_ADAPTER', reason, hint: /driver/ });
  await expect(provider.create()).rejects.toMatchObject({ code: 'NO_ADAPTER' });
});

const UNPRINTABLE = Object.create(null) as object;
const throws = (error: unknown) => () => {
  throw error;
};
const device = { createComputePipeline() {} };
const adapter = { requestDevice() {} };
const hostile = (of: object, name: string, error: unknown): object =>
  Object.defineProperty({ ...of }, name, { get: throws(error) });

test.each([
  ['a device that lacks what belongs to it', { device }, /./],
  ['a device without features', { device: { ...device, lost: new Promise(() => {}) } }, /no features or limits/],
  ['a device whose loss has no words', { device: { ...device, lost: Promise.resolve() } }, /./],
  ['a device that cannot be asked', { device: hostile(device, 'lost', UNPRINTABLE) }, /\(\{\}\)/],
  ['an adapter that throws', { adapter: hostile(adapter, 'info', new Error('not yet')) }, /not yet/],
  ['an adapter that throws anything', { adapter: hostile(adapter, 'info', UNPRINTABLE) }, /\(\{\}\)/],
  ['an adapter that is a text', { gpu: { requestAdapter: async () => 'GPU 0' } }, /./],
])('a probe never throws: %s', async (_, options, reason) => {
  const provider = webgpu(options as never);
  expect(await provider.probe()).toEqual({
    ok: false,
    code: 'DEVICE_ERROR',
    reason: expect.stringMatching(/^looking for a device failed \(.+\)$/),
  });
  expect(await provider.probe()).toMatchObject({ reason: expect.stringMatching(reason) });
  await expect(provider.create()).rejects.toMatchObject({
    code: 'DEVICE_ERROR',
    message: expect.stringMatching(reason),
  });
  await expect(pickBackend([provider, reference()])).resolves.toMatchObject({ name: 'reference' });
});

test.each([
  ['a getter that throws', { get: throws(new Error('not here')) }, 'DEVICE_ERROR', /\(not here\)/],
  ['a getter that throws anything', { get: throws(UNPRINTABLE) }, 'DEVICE_ERROR', /\(\{\}\)/],
  ['null', { value: null }, 'NO_WEBGPU', /navigator.gpu is undefined/],
  ['nothing of what belongs to it', { value: { gpu: {} } }, 'NO_ADAPTER', /requestAdapter\(\) failed/],
])('a probe never throws, and what it found is not kept: navigator is %s', async (_, navigator, code, reason) => {
  const provider = webgpu();
  const real = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  const refused = { ok: false, code, reason: expect.stringMatching(reason) };
  try {
    Object.defineProperty(globalThis, 'navigator', { ...navigator, configurable: true });
    expect(await provider.probe()).toMatchObject(refused);
    await expect(provider.create()).rejects.toMatchObject({ code });
    const found = { gpu: { requestAdapter: async () => ({ requestDevice() {}, info: { vendor: 'late' } }) } };
    Object.defineProperty(globalThis, 'navigator', { value: found, configurable: true });
    expect(await provider.probe()).toEqual({ ok: true, device: 'late' });
  } finally {
    Reflect.deleteProperty(globalThis, 'navigator');
    if (real) Object.defineProperty(globalThis, 'navigator', real);
  }
});

test('an adapter that lacks what belongs to it makes create() reject, with a code', async () => {
  const provider = webgpu({ gpu: { requestAdapter: async () => adapter } } as never);
  expect(await provider.probe()).toMatchObject({ ok: true });
  await expect(provider.create()).rejects.toMatchObject({ code: 'DEVICE_ERROR' });
});

test('a device that is lost: the reason is the whole of what it says', async () => {
  const lost = Promise.resolve({ message: 'driver reset (code 7): try later', reason: 'unknown' });
  const provider = webgpu({ device: { ...device, lost } } as never);
  expect(await provider.probe()).toEqual({
    ok: false,
    code: 'DEVICE_LOST',
    reason: 'the GPU device was lost (driver reset (code 7): try later)',
    hint: expect.stringMatching(/^tensors on it are gone/),
  });
});

test.each([
  [{ vendor: 'google', architecture: 'swiftshader' }, true],
  [{ vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }, true],
  [{ vendor: 'microsoft', description: 'Microsoft Basic Render Driver' }, true],
  [{ vendor: 'acme', isFallbackAdapter: true }, true],
  [{ vendor: 'nvidia', architecture: 'hopper', isFallbackAdapter: false }, false],
  [{ vendor: 'apple', architecture: 'metal-3' }, false],
  [{}, false],
])('of an adapter %o it knows whether it computes on the CPU: %s', async (info, isSoftware) => {
  const requestAdapter = async (): Promise<never> =>
    ({ info, features: new Set(), limits: {}, requestDevice() {} }) as never;
  const probe = await webgpu({ gpu: { requestAdapter }, software: false }).probe();
  if (isSoftware) expect(probe).toMatchObject({ ok: false, code: 'NO_ADAPTER', reason: /only a software adapter/ });
  else expect(probe.ok).toBe(true);
  expect((await webgpu({ gpu: { requestAdapter } }).probe()).ok).toBe(true);
});

test.each([
  [{ gpu: {} }, /gpu must be a GPU .*got \{\}/],
  [{ adapter: null }, /adapter in webgpu\(\)'s options is null/],
  [{ device: 3 }, /device must be a GPUDevice .*got 3/],
  [{ subgroups: 1 }, /subgroups is true or false, got 1/],
  [{ maxPooledBytes: -1 }, /maxPooledBytes must be an integer from 0 on, got -1/],
  [{ powerPreference: 'much' }, /powerPreference is 'low-power' or 'high-performance', got 'much'/],
  [{ threads: 4 }, /no key 'threads'/],
  [{ powerPreferences: 'low-power' }, /no key 'powerPreferences'.*did you mean 'powerPreference'\?/],
  [{ maxPooledBytes: Symbol('s') }, /got Symbol\(s\)/],
  [{ subgroups: 1n }, /got 1n/],
  [null, /got null/],
])('webgpu(%o) is INVALID_OPTION', (options, message) => {
  expect(() => webgpu(options as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
  );
});

test('webgpu() takes options once, and so does create()', async () => {
  const [two, one] = [webgpu, webgpu().create] as unknown as ((...args: object[]) => unknown)[];
  expect(() => two!({}, { f16: false })).toThrow(
    /RMSNORM_INVALID_OPTION: argument 2 is too many.* write webgpu\(\{ gpu/,
  );
  await expect(one!({}, { f16: false })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

describeOnDevice('webgpu()', () => {
  test('probes without a device, and says what the device can', async () => {
    let devices = 0;
    const watched = {
      async requestAdapter() {
        const adapter = (await gpu!.requestAdapter())!;
        const request = adapter.requestDevice.bind(adapter);
        Object.defineProperty(adapter, 'requestDevice', {
          value: (descriptor: GPUDeviceDescriptor) => {
            devices += 1;
            return request(descriptor);
          },
        });
        return adapter;
      },
    };
    const provider = webgpu({ gpu: watched });
    const probe = await provider.probe();
    expect(devices).toBe(0);
    const backend = await provider.create();
    expect(devices).toBe(1);
    expect(probe).toEqual({ ok: true, device: backend.device.split(', ')[0] });
    expect(backend.device).toMatch(/, (no )?subgroups, (no )?shader-f16$/);
    await backend.dispose();
  });

  test('asks for the limits and features that the adapter has', async () => {
    const adapter = (await gpu!.requestAdapter())!;
    let asked: GPUDeviceDescriptor = {};
    const request = adapter.requestDevice.bind(adapter);
    Object.defineProperty(adapter, 'requestDevice', {
      value: (descriptor: GPUDeviceDescriptor) => {
        asked = descriptor;
        return request(descriptor);
      },
    });
    const provider = webgpu({ adapter });
    const backend = await provider.create();
    expect(asked.requiredLimits).toMatchObject({
      maxBufferSize: adapter.limits.maxBufferSize,
      maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
    });
    const wanted = ['subgroups', 'shader-f16', 'timestamp-query'] as GPUFeatureName[];
    expect(asked.requiredFeatures).toEqual(wanted.filter((name) => adapter.features.has(name)));
    await expect(provider.create()).rejects.toMatchObject({
      code: 'DEVICE_ERROR',
      message: /an adapter gives one only/,
    });
    await backend.dispose();
  });

  test('subgroups and f16 can be switched off', async () => {
    const backend = await nodeWebGPU({ subgroups: false, f16: false }).create();
    expect(backend.device).toMatch(/, no subgroups, no shader-f16$/);
    await backend.dispose();
  });

  test('a device of the caller with the least of the standard serves too', async () => {
    const device = await newDevice();
    const backend = await webgpu({ device }).create();
    const x = backend.tensor(new Float32Array(24).fill(2), [3, 8]);
    expect((await new RMSNorm(8).forward(x).data())[0]).toBeCloseTo(1, 6);
    expect(backend.device).toMatch(/, no subgroups, no shader-f16$/);
    await backend.dispose();
    device.destroy();
  });

  test('ends a create() that is aborted while it waits, without a device left', async () => {
    const controller = new AbortController();
    const created = nodeWebGPU().create({ signal: controller.signal });
    controller.abort('enough');
    await expect(created).rejects.toBe('enough');
  });

  test('pickBackend goes on where only a software adapter is there and that is not wanted', async () => {
    const { info } = (await gpu!.requestAdapter())!;
    const backend = await pickBackend([nodeWebGPU({ software: false }), reference()]);
    expect(backend.name).toBe(
      /swiftshader|llvmpipe/i.test(`${info.architecture} ${info.description}`) ? 'reference' : 'webgpu',
    );
    await backend.dispose();
  });
});
