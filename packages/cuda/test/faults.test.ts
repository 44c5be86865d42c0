import { RMSNorm } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { coded } from './coded.ts';
import { CUDA_ERROR, describeEmulated, emulated } from './emulated.ts';

const norm = new RMSNorm({ dim: 8, axis: -1, affine: false });
const threes = new Float32Array(16).fill(3);

describeEmulated('a driver that fails', () => {
  test.each<[string, number, string, RegExp]>([
    ['cuMemAllocFromPoolAsync', CUDA_ERROR.OUT_OF_MEMORY, 'OUT_OF_MEMORY', /CUDA_ERROR_OUT_OF_MEMORY/],
    ['cuMemAllocFromPoolAsync', CUDA_ERROR.UNKNOWN, 'DEVICE_ERROR', /CUDA_ERROR_UNKNOWN.*cuMemAllocFromPoolAsync/],
  ])('%s, %d: an allocation throws %s, and the next one works', async (fn, result, code, message) => {
    const { backend, device } = await emulated();
    const x = backend.tensor(threes, [2, 8]);
    device.inject(fn, 0, result);
    expect(() => backend.empty([1 << 20])).toThrow(coded(code, message));
    expect(backend.memory().tensors).toBe(1);
    await norm.forward(x).data();
    await backend.dispose();
  });

  test("a launch that is refused throws, with the driver's error", async () => {
    const { backend, device } = await emulated();
    const x = backend.tensor(threes, [2, 8]);
    device.inject('cuLaunchKernelEx', 0, CUDA_ERROR.INVALID_VALUE);
    expect(() => norm.forward(x, x)).toThrow(coded('DEVICE_ERROR', /CUDA_ERROR_INVALID_VALUE.*cuLaunchKernelEx/));
    expect(await x.data()).toEqual(threes);
    norm.forward(x, x);
    await x.data();
    await backend.dispose();
  });

  test('a capture that fails throws, and what comes after it works', async () => {
    const { backend, device } = await emulated();
    const x = backend.tensor(threes, [2, 8]);
    norm.forward(x, x);
    for (const fn of ['cuStreamBeginCapture', 'cuLaunchKernelEx', 'cuGraphInstantiate']) {
      device.inject(fn, 0, CUDA_ERROR.UNKNOWN);
      expect(() => backend.capture(() => norm.forward(x, x))).toThrow(coded('DEVICE_ERROR', new RegExp(fn)));
      norm.forward(x, x);
      await x.data();
    }
    const graph = backend.capture(() => norm.forward(x, x));
    graph.launch();
    await x.data();
    await backend.dispose();
  });

  test('a read that fails rejects, and the next one arrives', async () => {
    const { backend, device } = await emulated();
    const x = backend.tensor(threes, [2, 8]);
    device.inject('cuMemcpyDtoHAsync', 0, CUDA_ERROR.UNKNOWN);
    await expect(x.data()).rejects.toThrow(coded('DEVICE_ERROR', /CUDA_ERROR_UNKNOWN.*cuMemcpyDtoHAsync/));
    expect(await x.data()).toEqual(threes);
    await backend.dispose();
  });

  // The last test: the device stays lost for as long as the process lives.
  test('a device that is lost: pending reads, its siblings and new backends say so, and all can be disposed of', async () => {
    const [{ backend, device }, { backend: sibling }] = [await emulated(), await emulated()];
    const [x, y] = [backend.tensor(threes, [2, 8]), sibling.tensor(threes, [2, 8])];
    const graph = backend.capture(() => norm.forward(x, x));
    device.inject('cuEventSynchronize', 0, CUDA_ERROR.ILLEGAL_ADDRESS);
    norm.forward(x, x);
    const lost = coded('DEVICE_LOST', /CUDA_ERROR_ILLEGAL_ADDRESS.*start the process again/s);
    const pending = [x.data(), x.data()];
    for (const reading of pending) await expect(reading).rejects.toThrow(lost);
    const named = await x.data().catch((error: Error) => error.message);
    expect(named).toMatch(/forward/);
    expect(() => norm.forward(x, x)).toThrow(lost);
    expect(() => backend.empty([4])).toThrow(lost);
    expect(() => graph.launch()).toThrow(lost);
    expect(() => norm.forward(y, y)).toThrow(lost);
    await expect(y.data()).rejects.toThrow(lost);
    await expect(emulated()).rejects.toThrow(lost);
    x.dispose();
    graph.dispose();
    await Promise.all([backend.dispose(), sibling.dispose()]);
  });
});
