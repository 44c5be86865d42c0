import { RMSNorm } from '@rmsnorm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import type { CudaBackend } from '../src/tensor.ts';
import { coded } from './coded.ts';
import { type FakeBackend, FakeNative, nativeError } from './fake-native.ts';

const norm = new RMSNorm({ dim: 4, axis: -1, affine: false });

let backend: CudaBackend;
let device: FakeBackend;
beforeEach(async () => {
  ({ backend, device } = await new FakeNative().create());
});

describe('capture()', () => {
  test('gives a graph that is launched again and again', () => {
    const [x, y] = [backend.empty([2, 4]), backend.empty([2, 4])];
    norm.forward(x, y);
    const graph = backend.capture(() => norm.forward(x, y));
    graph.launch();
    graph.launch();
    graph.dispose();
    graph.dispose();
    const count = device.calls[0] && device.log.find((entry) => entry.startsWith('launch'));
    expect(device.log.slice(2)).toEqual([
      ...[count, 'beginCapture 0', count, 'endCapture 0'],
      ...['launchGraph 1', 'launchGraph 1', 'disposeGraph 1'],
    ]);
    expect(() => graph.launch()).toThrow(coded('DISPOSED', /the graph was disposed of: capture\(\) it again/));
  });

  test.each<[string, (x: ReturnType<CudaBackend['empty']>) => unknown, RegExp]>([
    [
      'an operation without out',
      (x) => norm.forward(x),
      /nothing can be allocated: give a tensor.*as out.*once before/,
    ],
    ['the first use of a gamma', (x) => new RMSNorm({ dim: 4, axis: -1 }).forward(x, x), /nothing can be allocated/],
    ['a tensor', () => backend.tensor([1], [1]), /nothing can be allocated/],
    ['another capture', () => backend.capture(() => {}), /another capture\(\) cannot begin/],
  ])('refuses %s within, and nothing of it is left', (_what, fn, message) => {
    const x = backend.empty([2, 4]);
    const before = backend.memory();
    expect(() => backend.capture(() => void fn(x))).toThrow(coded('INVALID_OPTION', message));
    expect(device.log.slice(-2)).toEqual(['endCapture 0', 'disposeGraph 1']);
    expect(backend.memory()).toEqual(before);
    norm.forward(x);
    backend.capture(() => norm.forward(x, x)).launch();
  });

  test('refuses reads within, and launches', async () => {
    const x = backend.empty([2, 4]);
    let reading: Promise<unknown> = Promise.resolve();
    const graph = backend.capture(() => {
      reading = x.data();
      reading.catch(() => {});
    });
    await expect(reading).rejects.toThrow(coded('INVALID_OPTION', /nothing can be read: .*data\(\) after that/));
    expect(() => backend.capture(() => graph.launch())).toThrow(coded('INVALID_OPTION', /cannot be launched/));
  });

  test('refuses an async function, and what is none', () => {
    expect(() => backend.capture(async () => {})).toThrow(coded('INVALID_OPTION', /is async: .* first await/));
    expect(() => backend.capture(1 as never)).toThrow(coded('INVALID_OPTION', /takes a function, got 1/));
    const own = new Error('mine');
    expect(() =>
      backend.capture(() => {
        throw own;
      }),
    ).toThrow(own);
    expect(device.log.filter((entry) => entry.startsWith('disposeGraph'))).toHaveLength(2);
  });

  test('says what the device says, and ends', () => {
    const x = backend.empty([2, 4]);
    device.failures.endCapture = nativeError('DEVICE_ERROR', 'CUDA_ERROR_STREAM_CAPTURE_INVALIDATED');
    expect(() => backend.capture(() => norm.forward(x, x))).toThrow(coded('DEVICE_ERROR', /CAPTURE_INVALIDATED/));
    device.failures.beginCapture = nativeError('DEVICE_ERROR', 'CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED');
    expect(() => backend.capture(() => {})).toThrow(coded('DEVICE_ERROR', /CAPTURE_UNSUPPORTED/));
    backend.empty([4]).dispose();
  });

  test('the function may reject, which nobody hears of', async () => {
    const rejected: unknown[] = [];
    const hear = (reason: unknown): void => void rejected.push(reason);
    process.on('unhandledRejection', hear);
    const fails = async (): Promise<void> => {
      throw new Error('mine');
    };
    expect(() => backend.capture(fails)).toThrow(coded('INVALID_OPTION', /is async/));
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', hear);
    expect(rejected).toEqual([]);
  });

  test.each([0n, 1n])('refuses the default stream %s', async (stream) => {
    const { backend: onDefault, device: its } = await new FakeNative().create({ stream });
    expect(() => onDefault.capture(() => {})).toThrow(coded('INVALID_OPTION', /no default stream.*cuStreamCreate/));
    expect(its.log).toEqual([]);
  });

  test("of another backend's stream: what would be in its graph is refused, and frees wait for its end", async () => {
    const { backend: other, device: its } = await new FakeNative().create({ stream: backend.stream });
    const [x, y, z] = [other.empty([2, 4]), other.empty([2, 4]), other.empty([2, 4])];
    const graph = other.capture(() => norm.forward(x, y));
    let reading: Promise<unknown> = Promise.resolve();
    const before = its.log.length;
    backend.capture(() => {
      expect(() => norm.forward(x, y)).toThrow(coded('INVALID_OPTION', /another backend captures this stream/));
      expect(() => norm.addForward(x, y, { out: { y, sum: x } })).toThrow(coded('INVALID_OPTION', /another backend/));
      expect(() => other.empty([4])).toThrow(coded('INVALID_OPTION', /within capture/));
      expect(() => other.tensor([1], [1])).toThrow(coded('INVALID_OPTION', /within capture/));
      expect(() => other.capture(() => {})).toThrow(coded('INVALID_OPTION', /within capture/));
      expect(() => graph.launch()).toThrow(coded('INVALID_OPTION', /within capture/));
      reading = x.data();
      reading.catch(() => {});
      z.dispose();
      graph.dispose();
      expect(its.log.length).toBe(before);
    });
    await expect(reading).rejects.toThrow(coded('INVALID_OPTION', /within capture/));
    expect(its.log.slice(before)).toEqual([`free ${Number(0x10200)}`, 'disposeGraph 1']);
    norm.forward(x, y);
  });

  test('a graph that is disposed of within is gone after it', () => {
    const x = backend.empty([2, 4]);
    const graph = backend.capture(() => norm.forward(x, x));
    backend.capture(() => graph.dispose());
    expect(device.log.slice(-2)).toEqual(['endCapture 0', 'disposeGraph 1']);
    expect(() => graph.launch()).toThrow(coded('DISPOSED', /the graph was disposed of/));
  });

  test('a tensor that is freed within is freed after it, and its graph is not launched', () => {
    const [x, y] = [backend.empty([2, 4]), backend.empty([2, 4])];
    const graph = backend.capture(() => {
      norm.forward(x, y);
      x.dispose();
    });
    expect(device.log.at(-1)).toBe(`free ${0x10000}`);
    expect(device.log.at(-2)).toBe('endCapture 0');
    expect(() => graph.launch()).toThrow(coded('DISPOSED', /a tensor of the graph was disposed of.*again/));
  });

  test('a graph of a gamma that was uploaded again is not launched', () => {
    const own = new RMSNorm({ dim: 4, axis: -1 });
    const [x, y] = [backend.empty([2, 4]), backend.empty([2, 4])];
    own.forward(x, y);
    const graph = backend.capture(() => own.forward(x, y));
    graph.launch();
    own.update();
    expect(() => graph.launch()).toThrow(coded('DISPOSED', /gamma or beta/));
  });

  test('a graph of a backend that was disposed of is not launched', async () => {
    const x = backend.empty([2, 4]);
    const graph = backend.capture(() => norm.forward(x, x));
    const gone = backend.dispose();
    // Not even while that is under way.
    expect(() => graph.launch()).toThrow(coded('DISPOSED', /backend/));
    await gone;
    expect(() => graph.launch()).toThrow(coded('DISPOSED', /backend/));
    graph.dispose();
  });
});
