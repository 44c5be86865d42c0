import { expect, test } from 'vitest';
import { describeAddon, type Probe } from './native.ts';
import { runProgram, withLibcuda } from './program.ts';

/** What the probe of another process says where this is its libcuda. */
async function probed(libcuda: string, env: Record<string, string> = {}): Promise<Probe> {
  return withLibcuda(libcuda, async (folder) => {
    const ended = await runProgram('console.log(JSON.stringify(native.probe(null)))', {
      env: { ...env, LD_LIBRARY_PATH: folder },
    });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    return JSON.parse(ended.stdout);
  });
}

const version = (number: number): string => `int cuDriverGetVersion(int* v) { *v = ${number}; return 0; }`;
const init = (result: number): string => `int cuInit(unsigned) { return ${result}; }`;
const count = (devices: number): string => `int cuDeviceGetCount(int* n) { *n = ${devices}; return 0; }`;
const device = (major: number, minor: number): string => `
int cuDeviceGet(int* d, int ordinal) { *d = ordinal; return 0; }
int cuDeviceGetName(char* name, int, int) { std::strcpy(name, "NVIDIA Fake"); return 0; }
int cuDeviceTotalMem_v2(unsigned long* bytes, int) { *bytes = 1ul << 34; return 0; }
int cuDeviceGetAttribute(int* value, int which, int) { *value = which == 75 ? ${major} : which == 76 ? ${minor} : 46; return 0; }`;

describeAddon('probe', (native) => {
  test('the emulated devices are there', () => {
    for (const [arch, major] of [
      ['sm_90', 9],
      ['sm_80', 8],
    ] as const) {
      const found = native.probe(arch);
      expect(found).toMatchObject({ ok: true, driverVersion: 13000 });
      expect(found.ok && found.devices.map(({ ordinal, name, major }) => ({ ordinal, name, major }))).toEqual([
        { ordinal: 0, name: `emulated ${arch}`, major },
        { ordinal: 1, name: `emulated ${arch}`, major },
      ]);
    }
  });

  test('no libcuda', async () => {
    const ended = await runProgram('console.log(JSON.stringify(native.probe(null)))');
    const said: Probe = JSON.parse(ended.stdout);
    // A machine with a driver has nothing to say here.
    if (said.ok) return;
    expect(said.code === 'DRIVER_NOT_FOUND' ? said.reason : 'libcuda.so.1').toContain('libcuda.so.1');
  });

  test('a libcuda that cannot be loaded', async () => {
    const said = await probed('void nowhere(); int cuInit(unsigned) { nowhere(); return 0; }');
    expect(said).toMatchObject({ ok: false, code: 'DRIVER_NOT_FOUND', reason: expect.stringContaining('nowhere') });
  });

  test('a stub of libcuda', async () => {
    expect(await probed(version(13000) + init(34))).toMatchObject({ ok: false, code: 'DRIVER_NOT_FOUND' });
  });

  test('a driver that is too old', async () => {
    expect(await probed(version(12040))).toEqual({
      ...{ ok: false, code: 'DRIVER_TOO_OLD', found: 'CUDA 12.4' },
      reason: 'the driver is of CUDA 12.4, and 13.0 (driver 580) is needed',
    });
  });

  test('no device', async () => {
    const said = await probed(version(13000) + init(100));
    expect(said).toEqual({ ok: false, code: 'NO_DEVICE', reason: 'cuInit says CUDA_ERROR_NO_DEVICE (100)' });
  });

  test('no device, as the environment hides them', async () => {
    const said = await probed(version(13010) + init(0) + count(0), { CUDA_VISIBLE_DEVICES: '' });
    expect(said).toMatchObject({
      ok: false,
      code: 'NO_DEVICE',
      reason: expect.stringContaining("CUDA_VISIBLE_DEVICES is ''"),
    });
  });

  test('a device that is too old', async () => {
    const said = await probed(version(13000) + init(0) + count(2) + device(7, 0));
    expect(said).toEqual({
      ...{ ok: false, code: 'ARCH_UNSUPPORTED', found: 'NVIDIA Fake (7.0), NVIDIA Fake (7.0)' },
      reason: 'compute capability 7.5 is needed, and there is: NVIDIA Fake (7.0), NVIDIA Fake (7.0)',
    });
  });

  test('devices that all fail', async () => {
    const none = device(9, 0).replace('*d = ordinal; return 0;', 'return 46;');
    expect(await probed(version(13000) + init(0) + count(2) + none)).toMatchObject({
      ...{ ok: false, code: 'DEVICE_ERROR', reason: 'CUDA_ERROR_DEVICE_UNAVAILABLE (46) from cuDeviceGet' },
    });
  });

  test.each([-1, 2 ** 31 - 1])('a driver that counts %d devices', async (devices) => {
    const said = await probed(version(13000) + init(0) + count(devices) + device(9, 0));
    expect(said).toEqual({ ok: false, code: 'DEVICE_ERROR', reason: `the driver counts ${devices} devices` });
  });

  test('a driver that fails', async () => {
    const said = await probed(version(13000) + init(803));
    expect(said).toMatchObject({ ok: false, code: 'DEVICE_ERROR', reason: expect.stringContaining('803') });
  });

  test('a driver that lacks a function', async () => {
    const said = await probed(version(13000) + init(0) + count(1) + device(7, 5));
    expect(said).toMatchObject({
      ok: false,
      code: 'DEVICE_ERROR',
      reason: expect.stringMatching(/libcuda.so.1 lacks cu/),
    });
  });

  test('open says why there is no device', async () => {
    await withLibcuda(version(13000), async (LD_LIBRARY_PATH) => {
      const program = `try { native.open({ device: 0, stream: null, emulated: null }) } catch (error) { console.log(error.code, error.message) }`;
      const { stdout } = await runProgram(program, { env: { LD_LIBRARY_PATH } });
      expect(stdout).toMatch(/^DEVICE_ERROR libcuda.so.1 lacks /);
    });
  });
});
