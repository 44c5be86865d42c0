import { RMSNorm } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { coded } from './coded.ts';
import { describeEmulated, emulated } from './emulated.ts';

const norm = new RMSNorm({ dim: 8, axis: -1, affine: false });
const threes = new Float32Array(16).fill(3);

/** About 1: the last place is the suite's concern. */
function expectOnes(values: ArrayLike<number>): void {
  for (const value of Array.from(values)) expect(value).toBeCloseTo(1, 6);
}

describeEmulated('wrap()', () => {
  test("takes another backend's pointer, and a part of it", async () => {
    const [{ backend: owner }, { backend }] = [await emulated(), await emulated()];
    const memory = owner.tensor(new Float32Array(64).fill(3), [64]);
    await memory.data();
    const x = backend.wrap(memory.buffer + 64n, [2, 8]);
    expectOnes(await norm.forward(x).data());
    backend.wrap({ pointer: memory.buffer, bytes: 256 }, [64]);
    expect(() => backend.wrap({ pointer: memory.buffer, bytes: 1 << 20 }, [64])).toThrow(coded('SHAPE', /end beyond/));
    await backend.dispose();
    expect((await memory.data())[20]).toBe(3);
    await owner.dispose();
  });

  test.each<[string, (address: bigint) => unknown, string]>([
    ['memory that there is not', () => 0x1234n, 'FOREIGN_TENSOR'],
    ['null', () => 0n, 'FOREIGN_TENSOR'],
    ['a pointer between elements', (address) => address + 2n, 'ALIGNMENT'],
    ['more than there is', (address) => address + 64n * 1024n * 1024n * 1024n, 'FOREIGN_TENSOR'],
  ])('refuses %s', async (_what, handleAt, code) => {
    const { backend } = await emulated();
    const x = backend.tensor(threes, [16]);
    expect(() => backend.wrap(handleAt(x.buffer), [2])).toThrow(coded(code, /./));
    await backend.dispose();
  });

  test('odd and misaligned rows have the bits of aligned ones', async () => {
    const { backend } = await emulated();
    const rows = new RMSNorm({ dim: 67, axis: -1, affine: false });
    const values = Float32Array.from({ length: 3 * 67 }, (_, i) => Math.sin(i));
    const aligned = await rows.forward(backend.tensor(values, [3, 67])).data();
    for (const shift of [1, 2, 3]) {
      const padded = new Float32Array(values.length + 4);
      padded.set(values, shift);
      const memory = backend.tensor(padded, [padded.length]);
      const x = backend.wrap(memory.buffer + BigInt(4 * shift), [3, 67]);
      expect(await rows.forward(x).data()).toEqual(aligned);
      expect(await rows.forward(x, x).data()).toEqual(aligned);
    }
    await backend.dispose();
  });
});

describeEmulated('streams', () => {
  test('two backends on one stream see what the other has enqueued, in order', async () => {
    const { backend: a } = await emulated();
    const { backend: b } = await emulated({ stream: a.stream });
    expect(b.stream).toBe(a.stream);
    const x = a.tensor(threes, [2, 8]);
    const seen = b.wrap(x.buffer, [2, 8]);
    for (let i = 0; i < 20; i++) norm.forward(x, x);
    expectOnes(await norm.forward(seen).data());
    // The stream is not b's, and lives on.
    await b.dispose();
    norm.forward(x, x);
    expectOnes(await x.data());
    await a.dispose();
  });

  test('backends have streams of their own', async () => {
    const [{ backend: a }, { backend: b }] = [await emulated(), await emulated()];
    expect(a.stream).not.toBe(b.stream);
    await Promise.all([a.dispose(), b.dispose()]);
  });
});

describeEmulated('a stream that is gone', () => {
  test('tensors are disposed of without it', async () => {
    const { backend: owner } = await emulated();
    const { backend, device } = await emulated({ stream: owner.stream });
    const x = backend.tensor(threes, [2, 8]);
    await owner.dispose();
    expect(() => norm.forward(x, x)).toThrow(coded('DEVICE_ERROR', /INVALID_HANDLE/));
    x.dispose();
    expect(device.memory()).toEqual({ reserved: 0, used: 0 });
    await backend.dispose();
  });
});

describeEmulated('capture()', () => {
  test('a graph that needs memory of its own may be disposed of within', async () => {
    const { backend } = await emulated({ device: 'emulated sm_80' });
    const wide = new RMSNorm({ dim: 50_000, axis: -1, affine: false });
    const [x, y] = [backend.tensor(new Float32Array(100_000).fill(2), [2, 50_000]), backend.empty([2, 50_000])];
    const [a, b] = [backend.tensor(threes, [2, 8]), backend.empty([2, 8])];
    const first = backend.capture(() => wide.forward(x, y));
    const graph = backend.capture(() => {
      first.dispose();
      norm.forward(a, b);
    });
    graph.launch();
    expectOnes(await b.data());
    await backend.dispose();
  });

  test('a graph runs its work at each launch, and not before', async () => {
    const { backend } = await emulated();
    const weighted = new RMSNorm({ dim: 8, axis: -1 });
    const [x, y, z] = [backend.tensor(threes, [2, 8]), backend.empty([2, 8]), backend.tensor(threes, [2, 8])];
    weighted.forward(x, y);
    norm.forward(z, y);
    const graph = backend.capture(() => {
      weighted.forward(x, y);
      weighted.addForward(y, y, { out: { y: z, sum: y } });
    });
    expect(await z.data()).toEqual(threes);
    graph.launch();
    for (const value of await y.data()) expect(value).toBeCloseTo(2, 5);
    expectOnes(await z.data());
    norm.forward(z, x);
    graph.launch();
    graph.launch();
    expectOnes(await z.data());
    graph.dispose();
    expect(() => graph.launch()).toThrow(coded('DISPOSED', /again/));
    await backend.dispose();
  });

  test('kernels that need memory between them are captured too', async () => {
    const { backend } = await emulated();
    const wide = new RMSNorm({ dim: 300_000, axis: -1, affine: false });
    const x = backend.tensor(new Float32Array(600_000).fill(2), [2, 300_000]);
    const y = backend.empty([2, 300_000]);
    const graph = backend.capture(() => wide.forward(x, y));
    graph.launch();
    graph.launch();
    expectOnes((await y.data()).subarray(0, 10));
    graph.dispose();
    await backend.dispose();
  });

  test('what failed within leaves the backend as it was', async () => {
    const { backend } = await emulated();
    const x = backend.tensor(threes, [2, 8]);
    expect(() => backend.capture(() => void norm.forward(x))).toThrow(coded('INVALID_OPTION', /within capture/));
    expect(() => backend.capture(async () => void norm.forward(x, x))).toThrow(coded('INVALID_OPTION', /async/));
    expect(await x.data()).toEqual(threes);
    expectOnes(await norm.forward(x).data());
    await backend.dispose();
  });
});

describeEmulated('reads', () => {
  test('an abort rejects at once, and other reads arrive', async () => {
    const { backend } = await emulated();
    const x = backend.tensor(new Float32Array(1 << 20).fill(3), [1 << 17, 8]);
    const y = norm.forward(x);
    const controller = new AbortController();
    const aborted = y.data({ signal: controller.signal });
    const other = y.data();
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expectOnes((await other).subarray(0, 8));
    await backend.dispose();
  });

  test('that are pending arrive when the backend is disposed of', async () => {
    const { backend } = await emulated();
    const reading = norm.forward(backend.tensor(threes, [2, 8])).data();
    const aborted = new AbortController();
    const other = backend.tensor(threes, [16]).data({ signal: aborted.signal });
    aborted.abort(new Error('enough'));
    await Promise.all([backend.dispose(), expect(other).rejects.toThrow('enough')]);
    expectOnes(await reading);
  });
});

describeEmulated('memory', () => {
  test('goes back to the device, and does not grow in a loop', async () => {
    const { backend, device } = await emulated();
    const step = async (): Promise<void> => {
      const x = backend.tensor(new Float32Array(1 << 16), [1 << 13, 8]);
      const y = norm.forward(x);
      await y.data();
      for (const tensor of [x, y]) tensor.dispose();
    };
    await step();
    const { used, reserved } = device.memory();
    for (let i = 0; i < 20; i++) await step();
    expect(device.memory()).toEqual({ used, reserved });
    expect(used).toBe(0);
    await backend.dispose();
  });

  test('that is too small throws OUT_OF_MEMORY with the numbers, and goes on', async () => {
    const { backend } = await emulated({}, { memoryLimit: 1 << 20 });
    expect(() => backend.empty([1 << 20])).toThrow(coded('OUT_OF_MEMORY', /4194304.*dispose of tensors/));
    expectOnes(await norm.forward(backend.tensor(threes, [2, 8])).data());
    await backend.dispose();
  });

  test('writes larger than the staging memory arrive whole', async () => {
    const { backend } = await emulated({ stagingBytes: 64 * 1024 });
    const values = Float32Array.from({ length: 1 << 18 }, (_, i) => i);
    const tensors = [0, 1, 2].map(() => backend.tensor(values, [values.length]));
    for (const tensor of tensors) expect(await tensor.data()).toEqual(values);
    await backend.dispose();
  });
});
