import { beforeEach, describe, expect, test, vi } from 'vitest';
import { code } from '../../test/samples.ts';
import type { Backend, Tensor } from '../backend/backend.ts';
import { createBackend } from '../backend/create-backend.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import { encode } from '../values/encoding.ts';
import { hostTensor } from '../values/host-tensor.ts';
import { RMSNorm } from './rms-norm.ts';

/** An ArrayBuffer that can be resized: ES2024. */
const ResizableBuffer = ArrayBuffer as unknown as new (
  bytes: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(bytes: number): void };

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

  test('each backend compares with what it was given itself', async () => {
    const norm = new RMSNorm({ dim: 2, eps: 0 });
    const other = createBackend(new ReferenceDriver()).tensor([1, 1], [1, 2]);
    const { data } = norm.gamma!;
    await outcome(norm);
    data.set([2, 3]);
    expect(await outcome(norm, other)).toEqual([2, 3]);
    // This is what the first has, and not the second.
    norm.gamma!.data.set([1, 1]);
    expect([await outcome(norm), await outcome(norm, other)]).toEqual([
      [1, 1],
      [1, 1],
    ]);
    norm.dispose();
    expect([backend.memory().tensors, other.backend.memory().tensors]).toEqual([3, 3]);
  });

  test.each(['gamma', 'beta'] as const)(
    '%s that grew or shrank with its memory is an error until it has its length',
    async (which) => {
      const memory = new ResizableBuffer(8, { maxByteLength: 64 });
      const norm = new RMSNorm({ dim: 2, eps: 0, bias: true });
      norm.gamma!.data.set([0, 0]);
      norm[which] = hostTensor(new Float32Array(memory), [2]);
      norm[which].data.set([2, 3]);
      expect(await outcome(norm)).toEqual([2, 3]);
      for (const bytes of [16, 6]) {
        memory.resize(bytes);
        norm[which].data[0] = 5;
        for (let i = 0; i < 2; i++) expect(() => norm.forward(x)).toThrow(`${which} must have 2 elements`);
        norm.update();
        expect(() => norm.forward(x)).toThrow(code('SHAPE'));
        memory.resize(8);
        norm[which].data[1] = 4;
        expect(await outcome(norm)).toEqual([5, 4]);
      }
    },
  );

  test('weights in memory that moves as the first of them is uploaded', async () => {
    const memory = new Float32Array([2, 3, 10, 20]);
    const norm = new RMSNorm({ dim: 2, eps: 0, bias: true });
    norm.gamma = hostTensor(memory.subarray(0, 2));
    norm.beta = hostTensor(memory.subarray(2));
    const alloc = vi.spyOn(driver, 'alloc').mockImplementationOnce((bytes) => {
      structuredClone(memory.buffer, { transfer: [memory.buffer] });
      return new Uint8Array(bytes);
    });
    expect(await outcome(norm)).toEqual([12, 23]);
    expect(alloc).toHaveBeenCalledTimes(3);
  });
});

test('what a norm holds is frozen: an array is not replaced unseen', () => {
  const norm = new RMSNorm({ dim: 2, bias: true });
  const frozen = (): void => {
    for (const which of ['gamma', 'beta'] as const) {
      const held = norm[which] as unknown as { data: Float32Array; shape: number[] };
      expect(() => {
        held.data = new Float32Array(2);
      }).toThrow(TypeError);
      expect(() => held.shape.push(1)).toThrow(TypeError);
    }
  };
  frozen();
  norm.loadStateDict(norm.stateDict());
  frozen();
  const own = hostTensor([1, 2]);
  norm.gamma = norm.beta = own;
  frozen();
  expect(Object.isFrozen(own)).toBe(false);
});
