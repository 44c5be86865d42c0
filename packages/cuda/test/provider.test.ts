import { spawnSync } from 'node:child_process';
import { isRMSNormError, pickBackend } from '@rmsnorm/core';
import { type CudaOptions, cuda } from '@rmsnorm/cuda';
import { describe, expect, test, vi } from 'vitest';
import type { NativeProbe } from '../src/native.ts';
import { checkedOptions } from '../src/options.ts';
import { providerOf } from '../src/provider.ts';
import { coded } from './coded.ts';
import { FakeNative, nativeError } from './fake-native.ts';

describe('cuda()', () => {
  test.each<[unknown, RegExp]>([
    [null, /options.*got null/],
    ['0', /options.*got '0'/],
    [{ dev: 1 }, /no key 'dev' in cuda\(\)'s options: did you mean 'device'\?.*device, stream, stagingBytes/],
    [{ streams: 1n }, /did you mean 'stream'\?/],
    [{ device: null }, /device in cuda\(\)'s options is null/],
    [{ device: -1 }, /device is the number of a GPU.*nvidia-smi -L.*'emulated', got -1/],
    [{ device: 0.5 }, /got 0\.5/],
    [{ device: 0n }, /got 0n/],
    [{ device: 'emulate' }, /'emulated', got 'emulate'/],
    [{ device: 'toString' }, /got 'toString'/],
    [{ stream: 5 }, /stream is a CUstream as a bigint.*got 5/],
    [{ stream: -1n }, /got -1n/],
    [{ stream: 2n ** 64n }, /got 18446744073709551616n/],
    [{ stream: 2n }, /PER_THREAD, is another one in each thread.*cuStreamCreate/],
    [{ stagingBytes: 1024 }, /stagingBytes must be an integer from 65536 on, got 1024/],
    [{ stagingBytes: Symbol('s') }, /got Symbol\(s\)/],
  ])('refuses the options %o', (options, message) => {
    expect(() => cuda(options as CudaOptions)).toThrow(coded('INVALID_OPTION', message));
  });

  test('takes undefined for an option that is not given', () => {
    const defaults = { device: 0, emulated: null, stream: null, stagingBytes: 16 * 2 ** 20 };
    expect(checkedOptions({ device: undefined, stream: undefined, stagingBytes: undefined })).toEqual(defaults);
  });

  test('hands the options to the addon', async () => {
    const native = new FakeNative();
    await native.create({ stream: 5n, stagingBytes: 2 ** 16 });
    await native.create({ device: 'emulated' });
    await native.create({ device: 'emulated sm_80' });
    expect(native.opened).toEqual([
      { device: 0, emulated: null, stream: 5n, stagingBytes: 2 ** 16 },
      { device: 0, emulated: 'sm_90', stream: null, stagingBytes: 2 ** 24 },
      { device: 0, emulated: 'sm_80', stream: null, stagingBytes: 2 ** 24 },
    ]);
  });

  test('does nothing on import', () => {
    const code = `
      const before = new Set(Object.keys(process.moduleLoadList ?? {}));
      process.dlopen = () => { throw new Error('loaded'); };
      const { cuda } = await import('@rmsnorm/cuda');
      console.log(cuda().name, cuda({ device: 3 }).apiVersion);`;
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: new URL('..', import.meta.url),
      encoding: 'utf8',
    });
    expect([run.stdout, run.stderr]).toEqual(['cuda 1\n', '']);
  });

  test('stops when the signal is aborted', async () => {
    const controller = new AbortController();
    controller.abort(new Error('too late'));
    await expect(cuda().create({ signal: controller.signal })).rejects.toThrow('too late');
    await expect(cuda().create({ signal: {} as AbortSignal })).rejects.toThrow(/signal must be an AbortSignal/);
  });
});

describe('a probe', () => {
  const probe = (native: FakeNative, options: CudaOptions = {}) =>
    providerOf(checkedOptions(options), () => native).probe();

  test('names the device, and starts none', async () => {
    const native = new FakeNative();
    expect(await probe(native)).toEqual({ ok: true, device: 'NVIDIA H200 (sm_90, driver 13.0)' });
    expect(await probe(native, { device: 'emulated sm_80' })).toEqual({ ok: true, device: 'emulated sm_80' });
    expect(native.opened).toEqual([]);
  });

  const refused = (code: string, reason: string): NativeProbe => ({ ok: false, code, reason }) as NativeProbe;

  test.each<[string, Partial<FakeNative>, CudaOptions, string, RegExp, RegExp]>([
    [
      'no driver',
      { answer: refused('DRIVER_NOT_FOUND', 'libcuda.so.1: cannot open shared object file') },
      {},
      'DRIVER_NOT_FOUND',
      /^libcuda\.so\.1: cannot open/,
      /install NVIDIA's driver, 580 or newer.*--gpus all/,
    ],
    [
      'an old driver',
      { answer: refused('DRIVER_TOO_OLD', 'the driver supports CUDA 12.4, and 13.0 is needed') },
      {},
      'DRIVER_TOO_OLD',
      /12\.4/,
      /update NVIDIA's driver to 580.*nvidia-smi/,
    ],
    [
      'no device',
      { answer: refused('NO_DEVICE', 'CUDA_VISIBLE_DEVICES is empty') },
      {},
      'NO_DEVICE',
      /CUDA_VISIBLE_DEVICES/,
      /nvidia-smi -L.*--gpus all/,
    ],
    [
      'old devices alone',
      { answer: refused('ARCH_UNSUPPORTED', 'all are below 7.5') },
      {},
      'ARCH_UNSUPPORTED',
      /below 7\.5/,
      /Turing/,
    ],
    [
      'a driver that fails',
      { answer: refused('DEVICE_ERROR', 'cuInit: CUDA_ERROR_SYSTEM_NOT_READY') },
      {},
      'DEVICE_ERROR',
      /SYSTEM_NOT_READY/,
      /nvidia-smi/,
    ],
    [
      'a device that fails beside others',
      {
        answer: {
          ok: true,
          driverVersion: 13000,
          devices: [
            { ordinal: 0, name: '', major: 0, minor: 0, memory: 0, multiprocessors: 0, problem: 'CUDA_ERROR_UNKNOWN' },
            { ordinal: 1, name: 'NVIDIA H200', major: 9, minor: 0, memory: 2 ** 37, multiprocessors: 132 },
          ],
        },
      },
      { device: 0 },
      'DEVICE_ERROR',
      /^device 0 fails: CUDA_ERROR_UNKNOWN$/,
      /nvidia-smi/,
    ],
    [
      'a device that is not there',
      {},
      { device: 2 },
      'NO_DEVICE',
      /^there is no device 2, but 2 \(0: NVIDIA H200, 1: Tesla V100\)$/,
      /cuda\(\{ device \}\)/,
    ],
    [
      'an old device beside another',
      {},
      { device: 1 },
      'ARCH_UNSUPPORTED',
      /^device 1, Tesla V100, has compute capability 7\.0, and the kernels need 7\.5$/,
      /7\.5 or newer/,
    ],
    [
      'an addon of another version',
      { fields: ['op', 'x'] },
      {},
      'NO_BINARY',
      /another version.*dtype, outer/,
      /of one version/,
    ],
    [
      'an addon that throws',
      {
        probe: () => {
          throw new Error('bad day');
        },
      },
      {},
      'DEVICE_ERROR',
      /bad day/,
      /nvidia-smi/,
    ],
  ])('says why, with %s, and create() rejects with it', async (_what, parts, options, code, reason, hint) => {
    const native = Object.assign(new FakeNative(), parts);
    expect(await probe(native, options)).toEqual({
      ok: false,
      code,
      reason: expect.stringMatching(reason),
      hint: expect.stringMatching(hint),
    });
    const provider = providerOf(checkedOptions(options), () => native);
    await expect(provider.create()).rejects.toSatisfy((error) => isRMSNormError(error, code as never));
    expect(native.opened).toEqual([]);
    await expect(pickBackend([provider])).rejects.toThrow(coded('NO_BACKEND', new RegExp(`cuda {2}${code}`)));
  });

  test('here never throws, and leaves nothing behind', async () => {
    const handles = process.getActiveResourcesInfo().length;
    const answer = await cuda().probe();
    if (!answer.ok) expect(answer.code).toMatch(/^(NO_BINARY|DRIVER_NOT_FOUND|DRIVER_TOO_OLD|NO_DEVICE)$/);
    expect(process.getActiveResourcesInfo().length).toBe(handles);
  });
});

describe('create()', () => {
  test('gives a backend on a stream', async () => {
    const { backend } = await new FakeNative().create({ stream: 0x1234n });
    expect([backend.name, backend.device, backend.stream]).toEqual([
      'cuda',
      'NVIDIA H200 (sm_90, driver 13.0)',
      0x1234n,
    ]);
    await backend.dispose();
    await backend.dispose();
    expect(() => backend.empty([1])).toThrow(coded('DISPOSED', /create/));
    expect(() => backend.capture(() => {})).toThrow(coded('DISPOSED', /create/));
  });

  test('rejects with the code and the words of the driver', async () => {
    const native = new FakeNative();
    vi.spyOn(native, 'open').mockImplementation(() => {
      throw nativeError('DEVICE_LOST', 'cuCtxGetCurrent: CUDA_ERROR_ILLEGAL_ADDRESS');
    });
    await expect(native.create()).rejects.toThrow(
      coded('DEVICE_LOST', /CUDA_ERROR_ILLEGAL_ADDRESS.*start the process again/),
    );
  });
});

test('an argument that is too many is refused', async () => {
  const call = (fn: (...given: never[]) => unknown, ...given: unknown[]): unknown => fn(...(given as never[]));
  expect(() => call(cuda, {}, { device: 1 })).toThrow(
    coded('INVALID_OPTION', /argument 2 is too many.*write cuda\(\{/),
  );
  const native = new FakeNative();
  const { backend } = await native.create();
  expect(() => call(backend.capture, () => {}, true)).toThrow(coded('INVALID_OPTION', /write capture\(fn\)/));
  await backend.dispose();
});
