import { expect, test } from 'vitest';
import { describeAddon, forwardCall } from './native.ts';
import { runProgram, withEmulatedLibcuda } from './program.ts';

describeAddon('a driver found at run time', (native) => {
  test('is called as the emulated one is', () =>
    withEmulatedLibcuda(async (LD_LIBRARY_PATH) => {
      const call = JSON.stringify([...forwardCall(native, 2, 4, 1, 2)]);
      const program = `
        console.log(JSON.stringify(native.probe(null).devices.map(({ name }) => name)));
        const backend = native.open({ device: 1, stream: null, emulated: null });
        console.log(backend.device);
        const [x, y] = [backend.alloc(32), backend.alloc(32)];
        backend.write(x, new Uint8Array(new Float32Array([1, 1, 1, 1, 3, 3, 3, -3]).buffer));
        const call = Float64Array.from(${call});
        call[native.fields.indexOf('x')] = x;
        call[native.fields.indexOf('y')] = y;
        backend.launch(call);
        backend.beginCapture();
        backend.launch(call);
        backend.launchGraph(backend.endCapture());
        try { backend.inject('cuMemAlloc', 0, 2) } catch (error) { console.log(error.code) }
        const into = new Uint8Array(32);
        backend.read(y, into, (error) => {
          console.log(error, Array.from(new Float32Array(into.buffer), Math.round).join());
          console.log(backend.inspect(BigInt(y)).kind, backend.inspect(BigInt(y)).device);
          backend.close(() => console.log('closed'));
        });`;
      const ended = await runProgram(program, { env: { LD_LIBRARY_PATH } });
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(ended.stdout.trim().split('\n')).toEqual([
        '["emulated sm_90","emulated sm_90"]',
        'emulated sm_90 (sm_90, driver 13.0)',
        'INVALID_OPTION',
        'null 1,1,1,1,1,1,1,-1',
        'device 1',
        'closed',
      ]);
    }));

  test('has clusters where the code that it chose does', async () => {
    const program = `console.log(native.open({ device: 0, stream: null, emulated: null }).clusterBlocks); process.exit();`;
    const blocks = (...defines: string[]): Promise<string> =>
      withEmulatedLibcuda(
        async (LD_LIBRARY_PATH) => (await runProgram(program, { env: { LD_LIBRARY_PATH } })).stdout,
        ...defines,
      );
    expect(await blocks()).toBe('8\n');
    expect(await blocks('-DOLD_PTX')).toBe('1\n');
  });

  test('a device that fails leaves the others', async () => {
    const program = `console.log(native.probe(null).devices.map(({ name, problem }) => problem ?? name).join());
      for (const device of [0, 1])
        try { console.log(native.open({ device, stream: null, emulated: null }).device) } catch ({ code }) { console.log(code) }
      process.exit();`;
    const { stdout } = await withEmulatedLibcuda(
      (LD_LIBRARY_PATH) => runProgram(program, { env: { LD_LIBRARY_PATH } }),
      '-DBROKEN_DEVICE',
    );
    expect(stdout.trim().split('\n')).toEqual([
      'emulated sm_90,CUDA_ERROR_DEVICE_UNAVAILABLE (46) from cuDeviceGet',
      ...['emulated sm_90 (sm_90, driver 13.0)', 'DEVICE_ERROR'],
    ]);
  });

  test('process.exit in the middle', () =>
    withEmulatedLibcuda(async (LD_LIBRARY_PATH) => {
      const program = `const backend = native.open({ device: 0, stream: null, emulated: null });
        const address = backend.alloc(32 << 20);
        for (let i = 0; i < 20; i++) backend.read(address, new Uint8Array(32 << 20), () => {});
        process.exit(7);`;
      expect(await runProgram(program, { env: { LD_LIBRARY_PATH } })).toMatchObject({
        code: 7,
        signal: null,
        stderr: '',
      });
    }));
});
