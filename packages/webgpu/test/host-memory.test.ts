import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Backend, RMSNorm } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { webgpu } from '@rmsnorm/webgpu';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnDevice, newDevice } from './node-webgpu.ts';

const DIM = 64;
const ROWS = 20_000;
const plain = new RMSNorm({ dim: DIM, axis: -1, affine: false });

// Newer than the ES2022 that this workspace's types are of.
type Sized<M> = new (bytes: number, options: { maxByteLength: number }) => M & { resize(bytes: number): void };
const ResizableBuffer = ArrayBuffer as unknown as Sized<ArrayBuffer>;
const GrowableSharedBuffer = SharedArrayBuffer as unknown as Sized<SharedArrayBuffer>;

/** Memory of an array, more than is copied at once: it is shared, can be resized, or both. */
const MEMORY: Readonly<Record<string, (bytes: number) => ArrayBufferLike>> = {
  SharedArrayBuffer: (bytes) => new SharedArrayBuffer(bytes),
  'a SharedArrayBuffer that can grow': (bytes) => new GrowableSharedBuffer(bytes, { maxByteLength: 2 * bytes }),
  'an ArrayBuffer that can be resized': (bytes) => new ResizableBuffer(bytes, { maxByteLength: 2 * bytes }),
  'WebAssembly memory of threads': (bytes) => {
    const pages = Math.ceil(bytes / 65536);
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer;
  },
};

describeOnDevice('arrays of any memory', () => {
  let device: GPUDevice;
  let backend: Backend;
  const handedOver: ArrayBufferLike[] = [];

  beforeAll(async () => {
    device = await newDevice();
    const write = device.queue.writeBuffer.bind(device.queue);
    // Dawn in Node ends the process where this one is shared, so that the test must see it before Dawn does.
    Object.defineProperty(device.queue, 'writeBuffer', {
      value: (buffer: GPUBuffer, offset: number, data: Uint8Array<ArrayBuffer>, ...range: number[]) => {
        handedOver.push(data.buffer);
        if (Object.prototype.toString.call(data.buffer) === '[object ArrayBuffer]')
          write(buffer, offset, data, ...range);
      },
    });
    backend = await webgpu({ device }).create();
  });
  afterAll(async () => {
    await backend.dispose();
    device.destroy();
  });

  const expectFixed = (): void => {
    const buffers = handedOver.splice(0);
    expect(buffers.length).toBeGreaterThan(0);
    for (const buffer of buffers) {
      expect(buffer).toBeInstanceOf(ArrayBuffer);
      expect((buffer as { resizable?: boolean }).resizable ?? false).toBe(false);
    }
  };

  test.each(Object.keys(MEMORY))('%s: tensor() copies all of it, and Dawn never sees it', async (kind) => {
    const values = new Float32Array(MEMORY[kind]!(4 * ROWS * DIM), 0, ROWS * DIM);
    for (let i = 0; i < values.length; i++) values[i] = i;
    const x = backend.tensor(values, [ROWS, DIM]);
    expect(Buffer.compare(new Uint8Array((await x.data()).buffer), new Uint8Array(values.slice().buffer))).toBe(0);
    x.dispose();
    const halves = new Uint16Array(values.buffer, 2, 5).fill(0x3c00);
    const odd = backend.tensor(halves, [5], 'float16');
    expect(await odd.data()).toEqual(new Uint16Array(5).fill(0x3c00));
    odd.dispose();
    expectFixed();
  });

  test.each(Object.keys(MEMORY))('%s: apply() reads from it, and writes into it', async (kind) => {
    const data = new Float32Array(MEMORY[kind]!(4 * ROWS * DIM), 0, ROWS * DIM).fill(3);
    const x = { dtype: 'float32', shape: [ROWS, DIM], data } as const;
    const fresh = await plain.apply(x, backend);
    expect(fresh.data.buffer).toBeInstanceOf(ArrayBuffer);
    expect(await plain.apply(x, backend, { out: x })).toBe(x);
    expect(Buffer.compare(new Uint8Array(fresh.data.buffer), new Uint8Array(data.slice().buffer))).toBe(0);
    expect(data[ROWS * DIM - 1]).toBeCloseTo(1, 6);
    expectFixed();
  });

  test.each(Object.keys(MEMORY))('%s: gamma and beta', async (kind) => {
    const weights = new Float32Array(MEMORY[kind]!(8 * DIM), 4, 2 * DIM - 1).fill(2);
    const norm = new RMSNorm({ dim: DIM, axis: -1, bias: true });
    const weight = { dtype: 'float32', shape: [DIM], data: weights.subarray(0, DIM) } as const;
    norm.gamma = weight;
    norm.beta = weight;
    const x = backend.tensor(new Float32Array(DIM).fill(3), [1, DIM]);
    expect((await norm.forward(x).data())[0]).toBeCloseTo(4, 5);
    const host = { dtype: 'float32', shape: [1, DIM], data: new Float32Array(DIM).fill(3) } as const;
    expect((await norm.apply(host, backend)).data[0]).toBeCloseTo(4, 5);
    norm.dispose();
    x.dispose();
    expectFixed();
  });
});

describeOnDevice('weights that lost their memory, or grew with it, since they were set', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await webgpu({ device: await newDevice() }).create();
  });
  afterAll(() => backend.dispose());

  const CHANGES: Readonly<Record<string, { change: (memory: ArrayBuffer) => void; bytes: number }>> = {
    transferred: { change: (memory) => void structuredClone(memory, { transfer: [memory] }), bytes: 0 },
    shrunk: { change: (memory) => (memory as InstanceType<typeof ResizableBuffer>).resize(8), bytes: 8 },
    grown: { change: (memory) => (memory as InstanceType<typeof ResizableBuffer>).resize(8 * DIM), bytes: 8 * DIM },
  };
  const changes = Object.keys(CHANGES).flatMap((how) => (['gamma', 'beta'] as const).map((which) => ({ how, which })));

  test.each(changes)('$which, $how: an error that says so', async ({ how, which }) => {
    const { change, bytes } = CHANGES[how]!;
    const memory = new ResizableBuffer(4 * DIM, { maxByteLength: 8 * DIM });
    const norm = new RMSNorm({ dim: DIM, axis: -1, bias: true });
    norm[which] = { dtype: 'float32', shape: [DIM], data: new Float32Array(memory) };
    change(memory);
    const x = { dtype: 'float32', shape: [1, DIM], data: new Float32Array(DIM).fill(3) } as const;
    await expect(norm.apply(x, backend, { out: x })).rejects.toMatchObject({
      code: 'SHAPE',
      message: expect.stringContaining(`shape [${DIM}] has ${DIM} elements, the data of ${which} has ${bytes / 4}`),
    });
    expect(x.data).toEqual(new Float32Array(DIM).fill(3));
    expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
    const tensor = backend.tensor(x.data, x.shape);
    expect(() => norm.forward(tensor)).toThrow(expect.objectContaining({ code: 'SHAPE' }));
    tensor.dispose();
  });
});

describeOnDevice('a view() of threaded WASM', () => {
  test('goes to the device, and the process lives', async () => {
    const code = `
      import { RMSNorm } from '@rmsnorm/core';
      import { wasm } from '@rmsnorm/wasm';
      import { threads } from '@rmsnorm/wasm/threads';
      import { webgpu } from '@rmsnorm/webgpu';
      import { create } from 'webgpu';
      const gpu = await webgpu({ gpu: create([]) }).create();
      const shared = await wasm({ threads: threads(2) }).create();
      const [view, target] = [0, 1].map(() => shared.tensor(new Float32Array(8).fill(3), [1, 8]).view());
      const norm = new RMSNorm({ dim: 8, axis: -1 });
      norm.gamma = { dtype: 'float32', shape: [8], data: view };
      const host = { dtype: 'float32', shape: [1, 8], data: view };
      const out = { ...host, data: target };
      const y = await norm.forward(gpu.tensor(view, [1, 8])).data();
      console.log(y[7].toFixed(4), (await norm.apply(host, gpu, { out })).data[7].toFixed(4), view[0].toFixed(4));
      await Promise.all([gpu.dispose(), shared.dispose()]);`;
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect([run.status, run.stdout, run.stderr]).toEqual([0, '3.0000 3.0000 3.0000\n', '']);
  });
});

describeOnDevice('memory that goes away while apply() waits for the device', () => {
  let device: GPUDevice;
  let backend: Backend;

  beforeAll(async () => {
    device = await newDevice();
    // With lower limits a small array takes four slices, of which two are on the device at a time.
    const lower: Readonly<Record<string, number>> = { maxBufferSize: 65_536, maxStorageBufferBindingSize: 16_384 };
    const real = device.limits;
    const get = (_: object, name: string): unknown => lower[name] ?? real[name as keyof GPUSupportedLimits];
    Object.defineProperty(device, 'limits', { value: new Proxy({}, { get }) });
    backend = await webgpu({ device }).create();
  });
  afterAll(async () => {
    await backend.dispose();
    device.destroy();
  });

  const COUNT = 200 * DIM;
  const LAYOUTS = [
    { layout: 'rows', shape: [200, DIM], norm: plain },
    { layout: 'columns', shape: [1, DIM, 200], norm: new RMSNorm({ dim: DIM, affine: false }) },
  ];
  const LOSSES = [
    {
      loss: 'transferred',
      memoryOf: () => new ArrayBuffer(4 * COUNT),
      lose: (memory: ArrayBuffer) => void structuredClone(memory, { transfer: [memory] }),
    },
    {
      loss: 'shrunk',
      memoryOf: () => new ResizableBuffer(4 * COUNT, { maxByteLength: 4 * COUNT }),
      lose: (memory: ArrayBuffer) => (memory as InstanceType<typeof ResizableBuffer>).resize(8),
    },
  ];
  const cases = LAYOUTS.flatMap((layout) =>
    LOSSES.flatMap((loss) => (['x', 'out'] as const).map((name) => ({ name, ...layout, ...loss }))),
  );

  test.each(cases)('$name in $layout, $loss: an error that says so', async ({ name, shape, norm, memoryOf, lose }) => {
    const memory = memoryOf();
    const lost = { dtype: 'float32', shape, data: new Float32Array(memory, 0, COUNT).fill(3) } as const;
    const kept = { dtype: 'float32', shape, data: new Float32Array(COUNT).fill(3) } as const;
    const applied = name === 'x' ? norm.apply(lost, backend, { out: kept }) : norm.apply(kept, backend, { out: lost });
    lose(memory);
    expect(await applied.catch((error) => error)).toMatchObject({
      code: 'SHAPE',
      message: expect.stringContaining(`the array of ${name} had ${4 * COUNT} bytes when apply() began, and has 0 now`),
    });
    expect(backend.memory()).toEqual({ tensors: 0, bytes: 0 });
    const again = await norm.apply({ ...kept, data: new Float32Array(COUNT).fill(3) }, backend);
    expect(again.data[COUNT - 1]).toBeCloseTo(1, 6);
  });

  test('so is a view() of WASM, whose memory grows', async () => {
    const host = await wasm().create();
    const x = { dtype: 'float32', shape: [200, DIM], data: host.empty([COUNT]).view!() as Float32Array } as const;
    const applied = plain.apply(x, backend);
    host.empty([2 ** 20]);
    expect(await applied.catch((error) => error)).toMatchObject({ code: 'SHAPE', message: /transferred or resized/ });
    await host.dispose();
  });
});
