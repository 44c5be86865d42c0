import { expect, test } from 'vitest';
import { bytesAt, describeAddon, forwardCall, type NativeBackend, withBackend } from './native.ts';

const refused = expect.objectContaining({ code: 'INVALID_OPTION' });

function captured(backend: NativeBackend, body: () => void): bigint {
  backend.beginCapture();
  body();
  return backend.endCapture();
}

describeAddon('capture', (native) => {
  test('a graph does again what was captured, on what is there then', () =>
    withBackend(native, {}, async (backend) => {
      const [from, to] = [backend.alloc(4), backend.alloc(4)];
      const graph = captured(backend, () => backend.copy(from, to, 4));
      for (const value of [1, 2, 3]) {
        backend.write(from, new Uint8Array(4).fill(value));
        backend.launchGraph(graph);
        expect([...(await bytesAt(backend, to, 4))]).toEqual([value, value, value, value]);
      }
      backend.disposeGraph(graph);
      expect(() => backend.launchGraph(graph)).toThrow(refused);
      expect(() => backend.disposeGraph(graph)).toThrow(refused);
    }));

  test('kernels, too, and nothing runs before the launch', () =>
    withBackend(native, {}, async (backend) => {
      const [x, y] = [backend.alloc(400), backend.alloc(400)];
      backend.write(x, new Uint8Array(new Float32Array(100).fill(2).buffer));
      const graph = captured(backend, () => backend.launch(forwardCall(native, 1, 100, x, y)));
      expect(new Float32Array((await bytesAt(backend, y, 400)).buffer)[0]).toBeNaN();
      backend.launchGraph(graph);
      expect(new Float32Array((await bytesAt(backend, y, 400)).buffer)[0]).toBeCloseTo(1);
    }));

  test('kernels that need memory between themselves', () =>
    withBackend(native, {}, async (backend) => {
      const [outer, size] = [300, 64];
      const [x, dy, dx] = [0, 1, 2].map(() => backend.alloc(outer * size * 4)) as [number, number, number];
      const [gamma, dgamma] = [backend.alloc(size * 4), backend.alloc(size * 4)];
      const values = Float32Array.from({ length: outer * size }, (_, i) => Math.cos(i));
      for (const address of [x, dy]) backend.write(address, new Uint8Array(values.buffer));
      backend.write(gamma, new Uint8Array(new Float32Array(size).fill(1).buffer));
      const call = forwardCall(native, outer, size, x, 0);
      for (const [field, value] of Object.entries({ op: 3, dy, dx, gamma, dgamma }))
        call[native.fields.indexOf(field)] = value;
      const device = { major: 9, minor: 0, multiprocessors: 132, sharedPerBlock: 232448, clusterBlocks: 8 };
      const kernels = native.plan(call, device);
      expect(kernels.length).toBeGreaterThan(1);
      backend.launch(call);
      const direct = await bytesAt(backend, dgamma, size * 4);
      const before = backend.memory();
      const graph = captured(backend, () => {
        backend.launch(call);
        backend.launch(call);
      });
      backend.write(dgamma, new Uint8Array(size * 4));
      for (let i = 0; i < 3; i++) backend.launchGraph(graph);
      backend.disposeGraph(graph);
      expect(await bytesAt(backend, dgamma, size * 4)).toEqual(direct);
      expect(new Float32Array(direct.buffer).every(Number.isFinite)).toBe(true);
      expect(backend.memory()).toEqual(before);
    }));

  test('allocation, write, read and another capture are refused, and the capture goes on', () =>
    withBackend(native, {}, async (backend) => {
      const [from, to] = [backend.alloc(4), backend.alloc(4)];
      backend.write(from, Uint8Array.of(5, 6, 7, 8));
      const graph = captured(backend, () => {
        expect(() => backend.alloc(4)).toThrow(refused);
        expect(() => backend.write(from, new Uint8Array(4))).toThrow(refused);
        expect(() => backend.read(from, new Uint8Array(4), () => {})).toThrow(refused);
        expect(() => backend.beginCapture()).toThrow(refused);
        backend.copy(from, to, 4);
      });
      backend.launchGraph(graph);
      expect([...(await bytesAt(backend, to, 4))]).toEqual([5, 6, 7, 8]);
    }));

  test('what is freed during a capture is freed after it', () =>
    withBackend(native, {}, (backend) => {
      const address = backend.alloc(4);
      captured(backend, () => {
        backend.free(address);
        expect(() => backend.free(address)).toThrow(refused);
      });
      expect(backend.memory()).toEqual({ reserved: 0, used: 0 });
    }));

  test('a capture that fails ends', () =>
    withBackend(native, {}, async (backend) => {
      backend.inject('cuStreamEndCapture', 0, 901);
      backend.beginCapture();
      expect(() => backend.endCapture()).toThrow(
        expect.objectContaining({
          code: 'DEVICE_ERROR',
          message: expect.stringContaining('CUDA_ERROR_STREAM_CAPTURE_INVALIDATED'),
        }),
      );
      expect(() => backend.endCapture()).toThrow(refused);
    }));

  test('a backend may be closed in the middle of a capture', () =>
    withBackend(native, {}, (backend) => backend.beginCapture()));
});
