import {
  type Backend,
  createBackend,
  type FloatDType,
  type HostTensor,
  RMSNorm,
  type RMSNormOptions,
} from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileInlined } from '../src/compile.ts';
import { WasmDriver } from '../src/driver.ts';
import { Heap } from '../src/heap.ts';
import { instantiate } from '../src/instantiate.ts';
import { HEAP_BASE } from '../src/kernels.ts';

const MIB = 2 ** 20;

/** A backend that streams through a stage of `bufferBytes`, and its heap. */
async function backendWithStage(bufferBytes: number, maxBytes?: number): Promise<{ backend: Backend; heap: Heap }> {
  const compiled = await compileInlined();
  if (!('module' in compiled)) throw new Error(compiled.reason);
  const heap = new Heap(new WebAssembly.Memory({ initial: 16 }), maxBytes);
  const driver = new WasmDriver(await instantiate(compiled.module, heap.memory), heap, undefined, bufferBytes);
  return { backend: createBackend(driver), heap };
}

/** Values of several magnitudes, from a small generator: the same in every run. */
function tensorOf(shape: readonly number[], dtype: FloatDType = 'float32', seed = 1): HostTensor {
  const count = shape.reduce((product, length) => product * length, 1);
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  if (dtype === 'float32') {
    return { dtype, shape, data: Float32Array.from({ length: count }, () => (next() - 0.5) * 2 ** (8 * next())) };
  }
  // Finite values of either 16-bit type: exponents in the middle.
  const [least, span] = dtype === 'float16' ? [0x3000, 0x1800] : [0x3f00, 0x0180];
  return {
    dtype,
    shape,
    data: Uint16Array.from({ length: count }, () => (next() < 0.5 ? 0x8000 : 0) | (least + Math.floor(next() * span))),
  };
}

function normOf(options: RMSNormOptions): RMSNorm {
  const norm = new RMSNorm(options);
  if (norm.gamma) norm.gamma = tensorOf([norm.options.features], 'float32', 7);
  if (norm.beta) norm.beta = tensorOf([norm.options.features], 'float32', 8);
  return norm;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function sameBits(a: HostTensor, b: HostTensor | { data: ArrayBufferView }): boolean {
  return Buffer.compare(bytesOf(a.data as Float32Array), bytesOf(b.data as Float32Array)) === 0;
}

async function forwardOf(norm: RMSNorm, x: HostTensor, backend: Backend): Promise<{ data: ArrayBufferView }> {
  const tensor = backend.tensor(x.data, x.shape, x.dtype);
  const y = norm.forward(tensor);
  const data = await y.data();
  y.dispose();
  tensor.dispose();
  norm.dispose();
  return { data };
}

let whole: Backend;
beforeAll(async () => {
  whole = await wasm().create();
});

describe('apply', () => {
  const layouts = fc
    .record({
      outer: fc.integer({ min: 1, max: 12 }),
      groups: fc.integer({ min: 1, max: 3 }),
      size: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 400 })),
      inner: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 40 }), fc.integer({ min: 41, max: 300 })),
      stage: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 301, max: 20_000 })),
      dtype: fc.constantFrom<FloatDType>('float32', 'float16', 'bfloat16'),
      bias: fc.boolean(),
      affine: fc.boolean(),
      partial: fc.constantFrom(1, 0.5),
      casting: fc.constantFrom('gemma' as const, 'llama' as const),
    })
    .filter(({ outer, groups, size, inner }) => outer * groups * size * inner < 200_000);

  test("gives forward's bits, for any layout, options and size of the stage", async () => {
    await fc.assert(
      fc.asyncProperty(layouts, async ({ outer, groups, size, inner, stage, dtype, ...options }) => {
        const x = tensorOf([outer, groups * size, inner], dtype);
        const { backend, heap } = await backendWithStage(stage);
        const before = (x.data as Float32Array).slice();
        const y = await normOf({ dim: groups * size, groups, ...options }).apply(x, backend);
        const expected = await forwardOf(normOf({ dim: groups * size, groups, ...options }), x, whole);
        expect(sameBits(y, expected)).toBe(true);
        expect(sameBits(x, { data: before })).toBe(true);
        expect(heap.used).toBeLessThanOrEqual(MIB);
      }),
      { numRuns: 200 },
    );
  });

  test.each<[string, readonly number[], RMSNormOptions]>([
    ['many short rows', [30_000, 16], { dim: 16, axis: -1 }],
    ['rows that end between parts', [999, 1000], { dim: 1000, axis: -1, bias: true }],
    ['groups', [50, 8 * 4096], { dim: 8 * 4096, groups: 8 }],
    ['one row that is larger than the stage', [1, 300_001], { dim: 300_001, axis: -1 }],
    ['channels first, slabs that fit', [64, 512, 4, 4], { dim: 512 }],
    ['channels first, strips', [2, 512, 64, 33], { dim: 512, groups: 2 }],
    ['strips of rows that are larger than the stage', [1, 70_000, 35], { dim: 70_000 }],
  ])("gives forward's bits at full size: %s", async (_, shape, options) => {
    for (const dtype of ['float32', 'bfloat16'] as const) {
      const x = tensorOf(shape, dtype);
      expect(sameBits(await normOf(options).apply(x, whole), await forwardOf(normOf(options), x, whole))).toBe(true);
    }
  });

  test('writes into out, and into x itself', async () => {
    const x = tensorOf([9, 500]);
    const norm = normOf({ dim: 500 });
    const expected = await norm.apply(x, whole);
    const room = new Float32Array(9 * 500 + 20).fill(7);
    const out: HostTensor = { dtype: 'float32', shape: [9, 500], data: room.subarray(10, 10 + 9 * 500) };
    const { backend } = await backendWithStage(3000);
    expect(await norm.apply(x, backend, { out })).toBe(out);
    expect(sameBits(out, expected)).toBe(true);
    expect([...room.subarray(0, 10), ...room.subarray(-10)].every((value) => value === 7)).toBe(true);
    await norm.apply(x, backend, { out: x });
    expect(sameBits(x, expected)).toBe(true);
  });

  test('takes arrays that lie in the WebAssembly memory itself, while it grows', async () => {
    const { backend, heap } = await backendWithStage(4096);
    const outside = tensorOf([64, 300]);
    const norm = normOf({ dim: 300, bias: true });
    const expected = await forwardOf(normOf({ dim: 300, bias: true }), outside, whole);
    const source = backend.tensor(outside.data, [64, 300], outside.dtype);
    const gamma = backend.tensor(norm.gamma!.data, [300], norm.gamma!.dtype);
    const target = backend.empty([64, 300]);
    // Nothing was freed, so this is what is left: the stage needs memory to grow.
    heap.alloc(heap.bytes.length - HEAP_BASE - heap.used);
    const size = heap.bytes.length;
    norm.gamma = { dtype: 'float32', shape: [300], data: gamma.view!() as Float32Array };
    const view = (tensor: typeof source): HostTensor => ({
      dtype: 'float32',
      shape: [64, 300],
      data: tensor.view!() as Float32Array,
    });
    await norm.apply(view(source), backend, { out: view(target) });
    expect(heap.bytes.length).toBeGreaterThan(size);
    expect(sameBits(view(target), expected)).toBe(true);
  });

  test('needs no more of the heap than there is, whatever the size', async () => {
    const { backend, heap } = await backendWithStage(64 * 1024, MIB);
    const x = tensorOf([2000, 1000]);
    const y = await normOf({ dim: 1000 }).apply(x, backend);
    expect(sameBits(y, await forwardOf(normOf({ dim: 1000 }), x, whole))).toBe(true);
    const images = tensorOf([2, 64, 300, 50]);
    const z = await normOf({ dim: 64 }).apply(images, backend);
    expect(sameBits(z, await forwardOf(normOf({ dim: 64 }), images, whole))).toBe(true);
    expect(heap.bytes.length).toBeLessThanOrEqual(MIB);
  });

  test('makes do with what tensors have left of the heap', async () => {
    const { backend, heap } = await backendWithStage(256 * 1024, MIB);
    const x = tensorOf([100, 100]);
    const expected = await forwardOf(normOf({ dim: 100, axis: -1 }), x, whole);
    heap.alloc(MIB - HEAP_BASE - heap.used - 2048);
    expect(sameBits(await normOf({ dim: 100, axis: -1 }).apply(x, backend), expected)).toBe(true);
  });

  test('says OUT_OF_MEMORY where one row does not fit, writes nothing, and goes on', async () => {
    const { backend, heap } = await backendWithStage(64 * 1024, MIB);
    const { used } = heap;
    const x = tensorOf([2, 300_000]);
    const out: HostTensor = { dtype: 'float32', shape: x.shape, data: new Float32Array(600_000).fill(7) };
    await expect(normOf({ dim: 300_000 }).apply(x, backend, { out })).rejects.toThrow(
      expect.objectContaining({ code: 'OUT_OF_MEMORY' }),
    );
    expect((out.data as Float32Array).every((value) => value === 7)).toBe(true);
    expect(heap.used).toBe(used);
    const small = tensorOf([3, 10]);
    expect(
      sameBits(await normOf({ dim: 10 }).apply(small, backend), await forwardOf(normOf({ dim: 10 }), small, whole)),
    ).toBe(true);
  });

  test('takes one row of 100 million elements', async () => {
    const backend = await wasm().create();
    const dim = 100_000_000;
    const data = new Float32Array(dim).fill(2);
    data[dim - 1] = -6;
    const y = await new RMSNorm({ dim, affine: false }).apply({ dtype: 'float32', shape: [1, dim], data }, backend, {
      out: { dtype: 'float32', shape: [1, dim], data },
    });
    expect(y.data[0]).toBeCloseTo(1, 6);
    expect(y.data[dim - 1]).toBeCloseTo(-3, 6);
  });
});
