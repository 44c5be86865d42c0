import { type Backend, type HostTensor, RMSNorm, reference } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// Arrays over every kind of memory, as data of tensors, as x and out of apply(), as gamma and beta.

const DIM = 64;
const ROWS = 500;
const COUNT = ROWS * DIM;

// Newer than the ES2022 that this workspace's types are of.
type Sized<M> = new (bytes: number, options: { maxByteLength: number }) => M & { resize(bytes: number): void };
const ResizableBuffer = ArrayBuffer as unknown as Sized<ArrayBuffer>;
const GrowableSharedBuffer = SharedArrayBuffer as unknown as Sized<SharedArrayBuffer>;

const wasmMemory = (bytes: number, shared: boolean): WebAssembly.Memory =>
  new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536), maximum: 64, shared });

const MEMORY: Readonly<Record<string, (bytes: number) => ArrayBufferLike>> = {
  SharedArrayBuffer: (bytes) => new SharedArrayBuffer(bytes),
  'a SharedArrayBuffer that can grow': (bytes) => new GrowableSharedBuffer(bytes, { maxByteLength: 2 * bytes }),
  'an ArrayBuffer that can be resized': (bytes) => new ResizableBuffer(bytes, { maxByteLength: 2 * bytes }),
  "another module's memory": (bytes) => wasmMemory(bytes, false).buffer,
  "another module's shared memory": (bytes) => wasmMemory(bytes, true).buffer,
};

/** Memory, and what takes it from its arrays. */
const LOSSES: Readonly<Record<string, (bytes: number) => { memory: ArrayBuffer; lose: () => void }>> = {
  transferred: (bytes) => {
    const memory = new ArrayBuffer(bytes);
    return { memory, lose: () => void structuredClone(memory, { transfer: [memory] }) };
  },
  shrunk: (bytes) => {
    const memory = new ResizableBuffer(bytes, { maxByteLength: bytes });
    return { memory, lose: () => memory.resize(8) };
  },
  "of another module's memory, which grew": (bytes) => {
    const module = wasmMemory(bytes, false);
    return { memory: module.buffer as ArrayBuffer, lose: () => void module.grow(1) };
  },
};

const hostTensor = (data: Float32Array<ArrayBufferLike>, shape: readonly number[]): HostTensor<'float32'> => ({
  dtype: 'float32',
  shape,
  data: data as Float32Array,
});

const rowOf = (value: number): HostTensor<'float32'> => hostTensor(new Float32Array(DIM).fill(value), [1, DIM]);

const BACKENDS = {
  'one thread': wasm(),
  'two threads': wasm({ threads: threads(2) }),
  reference: reference(),
};

describe.each(Object.keys(BACKENDS))('%s', (name) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await BACKENDS[name as keyof typeof BACKENDS].create();
  });
  afterAll(() => backend.dispose());

  test.each(Object.keys(MEMORY))('%s: tensors, apply(), gamma and beta', async (kind) => {
    const data = new Float32Array(MEMORY[kind]!(4 * COUNT), 0, COUNT);
    for (let i = 0; i < COUNT; i++) data[i] = i;
    const x = backend.tensor(data as Float32Array, [ROWS, DIM]);
    expect(await x.data()).toEqual(Float32Array.from(data));
    const odd = backend.tensor(new Uint16Array(data.buffer, 2, 5).fill(0x3c00) as Uint16Array, [5], 'float16');
    expect(await odd.data()).toEqual(new Uint16Array(5).fill(0x3c00));

    data.fill(3);
    const plain = new RMSNorm({ dim: DIM, axis: -1, affine: false });
    const host = hostTensor(data, [ROWS, DIM]);
    const fresh = await plain.apply(host, backend);
    expect(fresh.data.buffer).toBeInstanceOf(ArrayBuffer);
    expect(await plain.apply(host, backend, { out: host })).toBe(host);
    expect(Float32Array.from(data)).toEqual(fresh.data);
    expect(data[COUNT - 1]).toBeCloseTo(1, 6);

    const weights = new Float32Array(MEMORY[kind]!(8 * DIM), 4, 2 * DIM - 1).fill(2);
    const weight = hostTensor(weights.subarray(0, DIM), [DIM]);
    const norm = new RMSNorm({ dim: DIM, axis: -1, bias: true });
    norm.gamma = weight;
    norm.beta = weight;
    const rows = backend.tensor(rowOf(3).data, [1, DIM]);
    expect((await norm.forward(rows).data())[DIM - 1]).toBeCloseTo(4, 5);
    expect((await norm.apply(rowOf(3), backend)).data[DIM - 1]).toBeCloseTo(4, 5);
    norm.loadStateDict({ weight, bias: weight });
    weights.fill(9);
    expect((await norm.forward(rows).data())[DIM - 1]).toBeCloseTo(4, 5);
    norm.dispose();
  });

  test.each(Object.keys(LOSSES))('%s, before a call: an error that says so', async (how) => {
    const { memory, lose } = LOSSES[how]!(4 * COUNT);
    const lost = hostTensor(new Float32Array(memory, 0, COUNT), [ROWS, DIM]);
    const kept = hostTensor(new Float32Array(COUNT), [ROWS, DIM]);
    const norm = new RMSNorm({ dim: DIM, axis: -1 });
    lose();
    const empty = { code: 'SHAPE', message: expect.stringMatching(/the data( of \w+)? has 0/) };
    expect(() => backend.tensor(lost.data, lost.shape)).toThrow(expect.objectContaining(empty));
    await expect(norm.apply(lost, backend)).rejects.toMatchObject(empty);
    await expect(norm.apply(kept, backend, { out: lost })).rejects.toMatchObject(empty);
  });

  test.each(Object.keys(LOSSES))(
    'gamma and beta, %s since they were set: an error, before anything is written',
    async (how) => {
      for (const which of ['gamma', 'beta'] as const) {
        const { memory, lose } = LOSSES[how]!(4 * DIM);
        const norm = new RMSNorm({ dim: DIM, axis: -1, bias: true });
        norm[which] = hostTensor(new Float32Array(memory, 0, DIM).fill(1), [DIM]);
        lose();
        const x = rowOf(3);
        await expect(norm.apply(x, backend, { out: x })).rejects.toMatchObject({ code: 'SHAPE' });
        expect(x).toEqual(rowOf(3));
        const tensor = backend.tensor(x.data, x.shape);
        expect(() => norm.forward(tensor)).toThrow(expect.objectContaining({ code: 'SHAPE' }));
        tensor.dispose();
      }
    },
  );

  test('gamma that grew with its memory is an error, and writes over nothing', async () => {
    const memory = new ResizableBuffer(4 * DIM, { maxByteLength: 4096 * DIM });
    const norm = new RMSNorm({ dim: DIM, axis: -1 });
    norm.gamma = hostTensor(new Float32Array(memory).fill(1), [DIM]);
    memory.resize(4096 * DIM);
    const tensors = Array.from({ length: 8 }, () => backend.tensor(rowOf(7).data, [1, DIM]));
    tensors[3]!.dispose();
    await expect(norm.apply(rowOf(3), backend)).rejects.toMatchObject({ code: 'SHAPE' });
    tensors.splice(3, 1);
    for (const tensor of tensors) {
      expect(await tensor.data()).toEqual(rowOf(7).data);
      tensor.dispose();
    }
  });
});
