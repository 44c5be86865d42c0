import { expect, test } from 'vitest';
import { bytesAt, closed, describeAddon, emulated, forwardCall, withBackend } from './native.ts';

const LOST = [214, 220, 700, 702, 710, 714, 715, 716, 717, 718, 719] as const;

describeAddon('errors of the device', (native) => {
  test('a launch that fails leaves the backend usable', () =>
    withBackend(native, {}, async (backend) => {
      const [x, y] = [backend.alloc(400), backend.alloc(400)];
      const call = forwardCall(native, 1, 100, x, y);
      backend.inject('cuLaunchKernelEx', 0, 701);
      expect(() => backend.launch(call)).toThrow(
        expect.objectContaining({
          code: 'DEVICE_ERROR',
          message: expect.stringContaining('CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES (701) from cuLaunchKernelEx'),
        }),
      );
      backend.launch(call);
      await bytesAt(backend, y, 4);
    }));

  for (const result of LOST) {
    test(`the error ${result} loses the device`, async () => {
      const backend = native.open(emulated);
      backend.inject('cuMemcpyHtoDAsync', 0, result);
      const address = backend.alloc(4);
      expect(() => backend.write(address, new Uint8Array(4))).toThrow(expect.objectContaining({ code: 'DEVICE_LOST' }));
      expect(() => backend.alloc(4)).toThrow(expect.objectContaining({ code: 'DEVICE_LOST' }));
      await closed(backend);
    });
  }

  test('a loss that shows in a read, with its siblings', async () => {
    const [one, two, other] = [native.open(emulated), native.open(emulated), native.open({ ...emulated, device: 1 })];
    const [x, y] = [one.alloc(12_800), one.alloc(12_800)];
    one.launch(forwardCall(native, 32, 100, x, y));
    one.inject('cuEventSynchronize', 0, 700);
    const lost = expect.objectContaining({
      code: 'DEVICE_LOST',
      message: expect.stringMatching(
        /^CUDA_ERROR_ILLEGAL_ADDRESS \(700\) from cuEventSynchronize; the last kernel was forward_\w+ \(forward, float32, \[outer, groups, size, inner\] = \[32, 1, 100, 1\]\)$/,
      ),
    });
    const reads = await Promise.allSettled([bytesAt(one, y, 4), bytesAt(one, y, 4)]);
    expect(reads.map((read) => read.status === 'rejected' && read.reason)).toEqual([lost, lost]);
    expect(() => two.alloc(4)).toThrow(lost);
    expect(() => two.write(x, new Uint8Array(4))).toThrow(lost);
    expect(() => native.open(emulated)).toThrow(
      expect.objectContaining({ code: 'DEVICE_LOST', message: expect.stringContaining('must be started again') }),
    );
    one.free(x);
    // Another device goes on.
    expect(other.alloc(4)).toBeGreaterThan(0);
    await Promise.all([one, two, other].map(closed));
    // An emulated one is whole again once nobody has it.
    await withBackend(native, {}, (backend) => void expect(backend.alloc(4)).toBeGreaterThan(0));
  });

  test('what cannot be opened leaves nothing behind', async () => {
    await withBackend(native, {}, (backend) => backend.inject('cuMemPoolCreate', 0, 2));
    expect(() => native.open(emulated)).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }));
    await withBackend(native, {}, (backend) => void backend.alloc(4));
  });

  test('memory that cannot be freed in the order of the stream is freed all the same', async () => {
    const backend = native.open(emulated);
    const [first, second] = [backend.alloc(64), backend.alloc(64)];
    backend.inject('cuMemFreeAsync', 0, 400);
    backend.free(first);
    expect(backend.memory()).toEqual({ reserved: 64, used: 64 });
    // In vain: it waits for the end.
    backend.inject('cuMemFreeAsync', 0, 400);
    backend.inject('cuMemFree', 0, 400);
    backend.free(second);
    expect(backend.memory()).toEqual({ reserved: 64, used: 0 });
    await closed(backend);
  });

  test('no pinned memory', () =>
    withBackend(native, {}, async (backend) => {
      const address = backend.alloc(4);
      backend.inject('cuMemHostAlloc', 0, 2);
      expect(() => backend.write(address, new Uint8Array(4))).toThrow(
        expect.objectContaining({ code: 'OUT_OF_MEMORY', message: expect.stringContaining('pinned') }),
      );
      backend.write(address, Uint8Array.of(1, 2, 3, 4));
      backend.inject('cuMemHostAlloc', 0, 2);
      expect(() => backend.read(address, new Uint8Array(4), () => {})).toThrow(
        expect.objectContaining({ code: 'OUT_OF_MEMORY' }),
      );
      expect([...(await bytesAt(backend, address, 4))]).toEqual([1, 2, 3, 4]);
    }));
});
