import { expect, test } from 'vitest';
import { bytesAt, describeAddon, forwardCall, type NativeBackend, withBackend } from './native.ts';

describeAddon('devices of both kinds in one process', (native) => {
  /** Whether a row that is held in shared memory runs. */
  async function runs(backend: NativeBackend, size: number): Promise<void> {
    const [x, y] = [backend.alloc(size * 4), backend.alloc(size * 4)];
    backend.write(x, new Uint8Array(new Float32Array(size).fill(2).buffer));
    backend.launch(forwardCall(native, 1, size, x, y));
    expect(new Float32Array((await bytesAt(backend, y, size * 4)).buffer)[1]).toBeCloseTo(1);
  }

  test('each knows its own limits of shared memory', () =>
    withBackend(native, {}, (sm90) =>
      withBackend(native, { emulated: 'sm_80' }, async (sm80) => {
        await runs(sm90, 130_000);
        await runs(sm80, 15_000);
        await runs(sm90, 400_000);
        await runs(sm80, 41_000);
        await runs(sm80, 13_000);
        await runs(sm90, 400_000);
      }),
    ));

  test('neither knows the memory of the other', () =>
    withBackend(native, {}, (sm90) =>
      withBackend(native, { emulated: 'sm_80' }, (sm80) => {
        const address = BigInt(sm80.alloc(64));
        expect(sm80.inspect(address).kind).toBe('device');
        expect(sm90.inspect(address).kind).toBe('unknown');
        expect(() => sm90.write(Number(address), new Uint8Array(4))).toThrow(/CUDA_ERROR_INVALID_VALUE/);
      }),
    ));
});
