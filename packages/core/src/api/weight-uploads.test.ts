import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Backend, Tensor } from '../backend/backend.ts';
import { createBackend } from '../backend/create-backend.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import { encode } from '../values/encoding.ts';
import { hostTensor } from '../values/host-tensor.ts';
import { RMSNorm } from './rms-norm.ts';

let driver: ReferenceDriver;
let backend: Backend;
let x: Tensor<'float32'>;
beforeEach(() => {
  driver = new ReferenceDriver();
  backend = createBackend(driver);
  x = backend.tensor([1, 1], [1, 2]);
});

const outcome = async (norm: RMSNorm, of: Tensor<'float32'> = x): Promise<number[]> => [
  ...(await norm.forward(of).data()),
];

describe('elements of gamma or beta that change without update()', () => {
  test('are noticed where they are reached through the norm, on every backend', async () => {
    const norm = new RMSNorm({ dim: 2, eps: 0, bias: true });
    const other = createBackend(new ReferenceDriver()).tensor([1, 1], [1, 2]);
    expect([await outcome(norm), await outcome(norm, other)]).toEqual([
      [1, 1],
      [1, 1],
    ]);
    norm.gamma!.data.set([2, 3]);
    expect([await outcome(norm), await outcome(norm, other)]).toEqual([
      [2, 3],
      [2, 3],
    ]);
    norm.beta!.data[1] = 10;
    expect([await outcome(norm), await outcome(norm, other)]).toEqual([
      [2, 13],
      [2, 13],
    ]);
    const functions = norm.backward(x, x).dx;
    norm.gamma!.data[0] = 0;
    expect(await norm.backward(x, x).dx.data()).not.toEqual(await functions.data());
  });

  test('bits count: -0 is a change, a NaN that stays is none; those of 16-bit types likewise', async () => {
    const norm = new RMSNorm({ dim: 2, eps: 0 });
    norm.gamma!.data.set([0, Number.NaN]);
    await outcome(norm);
    const write = vi.spyOn(driver, 'write');
    norm.forward(x, x);
    expect(write).not.toHaveBeenCalled();
    norm.gamma!.data[0] = -0;
    norm.forward(x, x);
    expect(write).toHaveBeenCalledTimes(1);
    x = backend.tensor([1, 1], [1, 2]);
    norm.gamma = hostTensor(encode([1, 2], 'bfloat16'), [2], 'bfloat16');
    await outcome(norm);
    norm.gamma.data.set(encode([3, 4], 'bfloat16'));
    expect(await outcome(norm)).toEqual([3, 4]);
  });

  test('what is only looked at is not uploaded again', async () => {
    const norm = new RMSNorm({ dim: 2, bias: true });
    norm.forward(x);
    const write = vi.spyOn(driver, 'write');
    for (let i = 0; i < 3; i++) {
      expect([norm.gamma!.data[0], norm.beta!.data[0]]).toEqual([1, 0]);
      norm.stateDict();
      norm.forward(x);
    }
    expect(write).not.toHaveBeenCalled();
  });

  test('an array that was kept needs update()', async () => {
    const norm = new RMSNorm({ dim: 2, eps: 0 });
    const { data } = norm.gamma!;
    await outcome(norm);
    data.set([2, 3]);
    expect(await outcome(norm)).toEqual([1, 1]);
    norm.update();
    expect(await outcome(norm)).toEqual([2, 3]);
    data.set([4, 5]);
    // Whoever looks at the norm's own finds it, too.
    expect(norm.gamma!.data).toBe(data);
    expect(await outcome(norm)).toEqual([4, 5]);
  });

  test('a view whose memory is gone leaves what was uploaded', async () => {
    const norm = new RMSNorm({ dim: 2, eps: 0 });
    const memory = new Float32Array([2, 3]);
    norm.gamma = hostTensor(memory);
    await outcome(norm);
    structuredClone(memory.buffer, { transfer: [memory.buffer] });
    expect(norm.gamma!.data).toHaveLength(0);
    expect(await outcome(norm)).toEqual([2, 3]);
  });
});
