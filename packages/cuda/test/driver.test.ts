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

describe('operations', () => {
  test('hand the addresses of their operands to the addon', () => {
    const weighted = new RMSNorm({ dim: 4, axis: -1, bias: true });
    const [x, dy, y, rstd, gate, dsum] = [1, 2, 3, 4, 5, 6].map((i) =>
      backend.empty(i === 4 ? [2, 1, 1] : [2, 4]),
    ) as ReturnType<typeof backend.empty>[];
    const address = (tensor: { buffer: unknown } | undefined | null): number => Number(tensor!.buffer);
    weighted.forward(x!, { out: y!, rstd: rstd! });
    const { gamma, beta } = device.calls.at(-1)!;
    expect(device.memory.has(gamma!) && device.memory.has(beta!)).toBe(true);
    expect(device.calls.at(-1)).toMatchObject({ op: 0, x: address(x), y: address(y), rstd: address(rstd), rstdIn: 0 });

    const { y: z, sum } = weighted.addForward(x!, dy!);
    const residual = address(dy);
    expect(device.calls.at(-1)).toMatchObject({
      op: 1,
      x: address(x),
      residual,
      y: address(z),
      sum: address(sum),
      gamma,
    });

    weighted.gatedForward(x!, gate!, { out: y! });
    expect(device.calls.at(-1)).toMatchObject({ op: 2, gate: address(gate), y: address(y), beta, rstd: 0 });

    const gradients = weighted.backward(x!, dy!, { rstd: rstd!, dsum: dsum! });
    expect(device.calls.at(-1)).toMatchObject({
      ...{ op: 3, x: address(x), dy: address(dy), rstdIn: address(rstd), rstd: 0, dsum: address(dsum), beta: 0, gamma },
      ...{ dx: address(gradients.dx), dgamma: address(gradients.dgamma), dbeta: address(gradients.dbeta) },
    });

    const sums = weighted.sumSquares(x!);
    expect(device.calls.at(-1)).toMatchObject({ op: 4, x: address(x), sums: address(sums), sumsIn: 0 });
    weighted.scaleBy(x!, sums, 8, { out: y! });
    expect(device.calls.at(-1)).toMatchObject({ op: 5, sumsIn: address(sums), sums: 0, count: 8, y: address(y) });

    const { q, scales } = weighted.forwardQuantized(x!);
    expect(device.calls.at(-1)).toMatchObject({ op: 6, q: address(q), scales: address(scales), hasScale: 0, beta });
  });

  test('a call without an operand does not get that of the call before', () => {
    const [x, y, rstd] = [backend.empty([2, 4]), backend.empty([2, 4]), backend.empty([2, 1, 1])];
    norm.forward(x, { out: y, rstd });
    norm.forward(x, y);
    expect(device.calls.map((call) => call.rstd)).toEqual([Number(rstd.buffer), 0]);
  });

  test('empty tensors start no kernel', () => {
    norm.forward(backend.empty([0, 4]));
    expect(device.calls).toEqual([]);
  });

  test('errors of the driver have a code, its words and a way out', () => {
    const x = backend.empty([2, 4]);
    device.failures.launch = nativeError('DEVICE_ERROR', 'cuLaunchKernelEx: CUDA_ERROR_INVALID_VALUE');
    expect(() => norm.forward(x, x)).toThrow(
      coded('DEVICE_ERROR', /^RMSNORM_DEVICE_ERROR: cuLaunchKernelEx: CUDA_ERR/),
    );
    device.failures.alloc = nativeError('OUT_OF_MEMORY', 'cuMemAllocAsync of 64 bytes: CUDA_ERROR_OUT_OF_MEMORY');
    expect(() => backend.empty([4, 4])).toThrow(coded('OUT_OF_MEMORY', /64 bytes.*dispose of tensors/));
    device.failures.launch = nativeError('DEVICE_LOST', 'CUDA_ERROR_LAUNCH_FAILED in forward of [2, 4]');
    expect(() => norm.forward(x, x)).toThrow(coded('DEVICE_LOST', /LAUNCH_FAILED in forward.*start the process again/));
    device.failures.write = nativeError('SOMETHING', 'odd');
    expect(() => backend.tensor([1], [1])).toThrow(coded('DEVICE_ERROR', /odd/));
  });
});

describe('reads', () => {
  test('arrive later', async () => {
    const data = backend.tensor([1, 2, 3], [3]).data();
    expect(device.reads.size).toBe(1);
    device.arrive();
    expect(await data).toEqual(new Float32Array([1, 2, 3]));
  });

  test('reject with what the device says, also at once', async () => {
    const x = backend.tensor([1, 2, 3], [3]);
    const late = x.data();
    device.arrive(nativeError('DEVICE_LOST', 'CUDA_ERROR_ILLEGAL_ADDRESS in forward'));
    await expect(late).rejects.toThrow(coded('DEVICE_LOST', /ILLEGAL_ADDRESS/));
    device.failures.read = nativeError('OUT_OF_MEMORY', 'cuMemHostAlloc');
    await expect(x.data()).rejects.toThrow(coded('OUT_OF_MEMORY', /cuMemHostAlloc/));
  });

  test('are cancelled by a signal, and nothing is written any more', async () => {
    const x = backend.tensor([1, 2, 3], [3]);
    const controller = new AbortController();
    const reading = x.data({ signal: controller.signal });
    const other = x.data();
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    expect(device.log.at(-1)).toBe('cancel 1');
    device.arrive();
    expect((await other)[1]).toBe(2);
    // An abort that comes after all is over does nothing.
    const done = new AbortController();
    const last = x.data({ signal: done.signal });
    device.arrive();
    await last;
    done.abort();
    expect(device.log.filter((entry) => entry.startsWith('cancel'))).toEqual(['cancel 1']);
  });

  test('settle where a signal of the caller throws as it is given up', async () => {
    const signal = {
      aborted: false,
      addEventListener: () => {},
      removeEventListener(): void {
        throw new Error('mine');
      },
    };
    const reading = backend.tensor([5], [1]).data({ signal });
    device.arrive();
    expect(await reading).toEqual(new Float32Array([5]));
    await backend.dispose();
  });

  test('settle where a signal of the caller has no reason that can be read', async () => {
    let abort: () => void = () => {};
    const signal = {
      aborted: false,
      get reason(): unknown {
        throw new Error('mine');
      },
      addEventListener(_type: string, listener: () => void): void {
        const before = abort;
        abort = () => [before(), listener()];
      },
      removeEventListener: () => {},
    };
    const reading = backend.tensor([5], [1]).data({ signal });
    abort();
    await expect(reading).rejects.toThrow('mine');
    await backend.dispose();
  });

  test('that are pending arrive before the backend is closed', async () => {
    const reading = backend.tensor([5], [1]).data();
    const disposed = backend.dispose();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(device.log).not.toContain('close 0');
    device.arrive();
    expect(await reading).toEqual(new Float32Array([5]));
    await disposed;
    expect(device.log.at(-1)).toBe('close 0');
  });
});

test('two backends have memory and streams of their own', async () => {
  const native = new FakeNative();
  const [a, b] = [await native.create({ stream: 8n }), await native.create({ stream: 16n })];
  expect([a.backend.stream, b.backend.stream]).toEqual([8n, 16n]);
  const x = a.backend.empty([2, 4]);
  expect(() => norm.forward(x, b.backend.empty([2, 4]))).toThrow(coded('FOREIGN_TENSOR', /another backend/));
  await a.backend.dispose();
  expect(() => a.backend.empty([1])).toThrow(coded('DISPOSED', /./));
  b.backend.empty([1]);
});
