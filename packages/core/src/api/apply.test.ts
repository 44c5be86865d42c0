import { beforeEach, describe, expect, test, vi } from 'vitest';
import { code } from '../../test/samples.ts';
import type { Backend } from '../backend/backend.ts';
import { createBackend } from '../backend/create-backend.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import type { HostTensor } from '../values/host-data.ts';
import { RMSNorm } from './rms-norm.ts';

const ramp = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));

let backend: Backend;
beforeEach(() => {
  backend = createBackend(new ReferenceDriver());
});

describe('apply', () => {
  const norm = new RMSNorm({ dim: 4, axis: -1 });

  test('gives what forward gives, in an array of the same kind, and leaves x alone', async () => {
    const data = ramp(8);
    const x: HostTensor = { dtype: 'float32', shape: [2, 4], data };
    const y = await norm.apply(x, backend);
    expect(y).toEqual({
      dtype: 'float32',
      shape: [2, 4],
      data: await norm.forward(backend.tensor(data, [2, 4])).data(),
    });
    expect(data).toEqual(ramp(8));
  });

  test('out receives the result; x itself may be out, a part of x not', async () => {
    const data = new Float32Array(9).fill(7);
    const x: HostTensor = { dtype: 'float32', shape: [2, 4], data: data.subarray(0, 8) };
    expect((await norm.apply(x, backend, { out: x })).data).toBe(x.data);
    expect(data[8]).toBe(7);
    expect(data[0]).toBeCloseTo(1);
    const shifted: HostTensor = { ...x, data: data.subarray(1) };
    await expect(norm.apply(x, backend, { out: shifted })).rejects.toThrow(code('ALIASING'));
  });

  test.each(['gamma', 'beta'] as const)('out over the memory of %s is refused', async (which) => {
    const memory = new Float32Array(8);
    const own = new RMSNorm({ dim: 4, axis: -1, bias: true });
    own[which] = { dtype: 'float32', shape: [4], data: memory.subarray(2, 6) };
    const x = { dtype: 'float32', shape: [1, 4], data: ramp(4) } as const;
    for (const start of [0, 2, 4]) {
      const out = { ...x, data: memory.subarray(start, start + 4) };
      await expect(own.apply(x, backend, { out })).rejects.toThrow(code('ALIASING'));
    }
    expect(memory).toEqual(new Float32Array(8));
  });

  test("uses the driver's own way where it has one", async () => {
    const hostForward = vi.fn(async (_p: unknown, { y }: { y: Uint8Array }) => void y.fill(1));
    const fast = createBackend(Object.assign(new ReferenceDriver(), { hostForward }));
    const y = await norm.apply({ dtype: 'bfloat16', shape: [1, 4], data: new Uint16Array(4) }, fast);
    expect(y.data).toEqual(new Uint16Array(4).fill(0x0101));
    expect(fast.memory().tensors).toBe(0);
  });

  test.each<[string, number, boolean]>([
    ['out where x is', 0, true],
    ['out beside x', 8, true],
    ['out over a part of x', 4, false],
  ])('two shared buffers may be one memory: %s', async (_name, first, itself) => {
    const received: Uint8Array[] = [];
    const hostForward = async (_p: unknown, { x }: { x: Uint8Array }): Promise<void> => void received.push(x);
    const fast = createBackend(Object.assign(new ReferenceDriver(), { hostForward }));
    const memory = new SharedArrayBuffer(64);
    const x = { dtype: 'float32', shape: [2, 4], data: new Float32Array(memory, 0, 8) } as const;
    x.data.set(ramp(8));
    const out = { ...x, data: new Float32Array(structuredClone(memory), first * 4, 8) };
    await norm.apply(x, fast, { out });
    expect(received[0]!.buffer === memory).toBe(itself);
    expect(new Float32Array(received[0]!.buffer, 0, 8)).toEqual(ramp(8));
  });

  test.each<[string, (memory: ArrayBuffer) => Promise<unknown>]>([
    [
      'out',
      (memory) => {
        const x = { dtype: 'float32', shape: [1, 4], data: ramp(4) } as const;
        return norm.apply(x, backend, { out: { ...x, data: new Float32Array(memory) } });
      },
    ],
    [
      'gamma',
      (memory) => {
        const other = new RMSNorm({ dim: 4, axis: -1 });
        other.gamma = { dtype: 'float32', shape: [4], data: new Float32Array(memory) };
        structuredClone(memory, { transfer: [memory] });
        const fast = createBackend(Object.assign(new ReferenceDriver(), { hostForward: async () => {} }));
        return other.apply({ dtype: 'float32', shape: [1, 4], data: ramp(4) }, fast);
      },
    ],
  ])('%s whose memory is taken away meanwhile: an error that says so', async (_name, run) => {
    const memory = new ArrayBuffer(16);
    const result = run(memory);
    if (memory.byteLength > 0) structuredClone(memory, { transfer: [memory] });
    await expect(result).rejects.toThrow(code('SHAPE'));
    await expect(result).rejects.toThrow(/the data of \w+ has 0/);
  });

  test.each<[string, HostTensor, HostTensor | undefined]>([
    ['SHAPE', { dtype: 'float32', shape: [2, 4], data: ramp(7) }, undefined],
    ['SHAPE', { dtype: 'float32', shape: [4, 2], data: ramp(8) }, undefined],
    ['DTYPE', { dtype: 'bfloat16', shape: [1, 4], data: ramp(4) }, undefined],
    ['DTYPE', { dtype: 'float32', shape: [1, 4], data: new Uint16Array(4) }, undefined],
    ['DTYPE', { dtype: 'float64' as 'float32', shape: [1, 4], data: ramp(4) }, undefined],
    ['DTYPE', undefined as never, undefined],
    ['SHAPE', { dtype: 'float32', shape: [1, 4], data: ramp(4) }, { dtype: 'float32', shape: [4], data: ramp(4) }],
    [
      'DTYPE',
      { dtype: 'float32', shape: [1, 4], data: ramp(4) },
      { dtype: 'float16', shape: [1, 4], data: new Uint16Array(4) },
    ],
  ])('%s: %j into %j', async (expected, x, out) => {
    await expect(norm.apply(x, backend, { out })).rejects.toThrow(code(expected));
    await expect(norm.apply(x, {} as never)).rejects.toThrow(code('FOREIGN_TENSOR'));
  });
});
