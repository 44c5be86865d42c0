import { describe, expect, test } from 'vitest';
import { RMSNorm } from '../api/rms-norm.ts';
import type { Tensor } from '../backend/backend.ts';
import type { RMSNormOptions } from '../options/options.ts';
import type { FloatDType } from '../values/dtype.ts';
import { decode } from '../values/encoding.ts';
import { reference } from './reference.ts';

const backend = await reference().create();

async function forward(
  options: RMSNormOptions,
  values: number[],
  { dtype = 'float32' as FloatDType, gamma = undefined as number[] | undefined, shape = [1, values.length] } = {},
): Promise<number[]> {
  const norm = new RMSNorm({ affine: gamma !== undefined, axis: -1, ...options });
  if (gamma) norm.gamma = { dtype: 'float32', shape: [gamma.length], data: Float32Array.from(gamma) };
  const y = await norm.forward(backend.tensor(values, shape, dtype)).data();
  return [...decode(y as Float32Array | Uint16Array, dtype)];
}

// Numbers of other systems, by hand or from their own programs: where implementations of RMSNorm disagree.
describe('the numbers that tell implementations apart', () => {
  test.each([
    [1e-12, 0.99995],
    [1e-8, Math.SQRT1_2],
    [2 ** -23, 0.278197],
    [1e-6, 0.0995037],
    [1e-5, 0.031607],
  ])('a row of 1e-4 with eps %d inside the root: %d', async (eps, expected) => {
    for (const y of await forward({ dim: 8, eps }, new Array(8).fill(1e-4))) expect(y).toBeCloseTo(expected, 5);
  });

  test('and with a clamped norm: 1', async () => {
    const row = new Array(8).fill(1e-4);
    for (const y of await forward({ dim: 8, epsMode: 'clamp', eps: 1e-12 }, row)) expect(y).toBeCloseTo(1, 6);
  });

  const x = [1.2958984375, -0.188720703125, -1.0615234375, -0.66162109375];
  const gamma = [1.248046875, 1.072265625, 1.7783203125, 1.2021484375];
  test.each([
    ['gemma', [1.7861328125, -0.2235107421875, -2.083984375, -0.87841796875]],
    ['llama', [1.787109375, -0.223388671875, -2.083984375, -0.8779296875]],
  ] as const)("casting '%s' in float16", async (casting, expected) => {
    expect(await forward({ dim: 4, casting }, x, { dtype: 'float16', gamma })).toEqual(expected);
  });

  test('extremes: squares neither overflow nor underflow, and eps keeps its size', async () => {
    expect(await forward({ dim: 4, eps: 0 }, new Array(4).fill(1e20))).toEqual([1, 1, 1, 1]);
    expect(await forward({ dim: 4, eps: 0 }, new Array(4).fill(1e-30))).toEqual([1, 1, 1, 1]);
    const spike = [1000, ...new Array(1023).fill(0.01)];
    expect((await forward({ dim: 1024, eps: 1e-5 }, spike))[0]).toBeCloseTo(31.999998, 5);
    expect((await forward({ dim: 8, eps: 1e-12 }, new Array(8).fill(1e-5), { dtype: 'float16' }))[0]).toBeCloseTo(
      0.995,
      3,
    );
  });

  test('groups, and a part of each', async () => {
    const row = [3, 4, 30, 40];
    const rounded = async (options: RMSNormOptions) => (await forward(options, row)).map((y) => Number(y.toFixed(4)));
    expect(await rounded({ dim: 4, groups: 2, eps: 0 })).toEqual([0.8485, 1.1314, 0.8485, 1.1314]);
    expect(await rounded({ dim: 4, eps: 0 })).toEqual([0.1194, 0.1592, 1.194, 1.5921]);
    expect((await forward({ dim: 4, eps: 0, partial: 0.5 }, row))[0]! / 3).toBeCloseTo(0.2828, 4);
  });

  test('no mean is subtracted', async () => {
    expect((await forward({ dim: 8, eps: 1e-3 }, new Array(8).fill(1)))[0]).toBeCloseTo(0.9995, 4);
  });

  test("ONNX Runtime's own test: 1..16 as [1, 2, 8], w = 2, eps 1e-5", async () => {
    const values = Array.from({ length: 16 }, (_, i) => i + 1);
    const y = await forward({ dim: 8, eps: 1e-5 }, values, { gamma: new Array(8).fill(2), shape: [1, 2, 8] });
    expect(y[0]).toBe(Math.fround(0.39605894684791565));
  });
});

describe('zeros and what is not finite', () => {
  const inf = Number.POSITIVE_INFINITY;
  test.each<[string, RMSNormOptions, number[], number[]]>([
    ['a zero row is zeros', { dim: 4, eps: 0 }, [0, -0, 0, 0], [0, -0, 0, 0]],
    ['a zero statistic makes others infinite', { dim: 4, eps: 0, partial: 0.5 }, [0, 0, 3, -3], [0, 0, inf, -inf]],
    ['a NaN fills its row', { dim: 4, groups: 2, eps: 0 }, [Number.NaN, 1, 2, 2], [Number.NaN, Number.NaN, 1, 1]],
    ['an infinity zeroes the rest', { dim: 4 }, [inf, 1, -1, 0], [Number.NaN, 0, -0, 0]],
    [
      'outside the statistic it stays alone',
      { dim: 4, eps: 0, partial: 0.5 },
      [1, 1, inf, Number.NaN],
      [1, 1, inf, Number.NaN],
    ],
  ])('%s', async (_what, options, row, expected) => {
    const y = await forward(options, row);
    expect(y).toEqual(expected);
  });

  test('the overflow of y is infinite', async () => {
    expect(await forward({ dim: 1, eps: 0 }, [1], { dtype: 'float16', gamma: [70000] })).toEqual([inf]);
  });
});

describe('a wrapped array whose memory was transferred', () => {
  const norm = new RMSNorm({ dim: 4, axis: -1 });
  const SHAPE_ERROR = expect.objectContaining({ code: 'SHAPE', message: expect.stringContaining('transferred') });

  function lost(): Tensor {
    const memory = new ArrayBuffer(16);
    const tensor = backend.wrap(new Float32Array(memory), [1, 4]);
    structuredClone(memory, { transfer: [memory] });
    return tensor;
  }

  test.each<[string, (x: Tensor, gone: Tensor) => unknown]>([
    ['forward of it', (_, gone) => norm.forward(gone)],
    ['forward into it', (x, gone) => norm.forward(x, gone)],
    ['addForward', (x, gone) => norm.addForward(x, gone)],
    ['gatedForward', (x, gone) => norm.gatedForward(x, gone)],
    ['backward', (x, gone) => norm.backward(x, gone)],
    ['sumSquares', (_, gone) => norm.sumSquares(gone)],
    ['scaleBy', (x, gone) => norm.scaleBy(x, norm.sumSquares(x), 4, { out: gone })],
    ['forwardQuantized', (_, gone) => norm.forwardQuantized(gone)],
    ['view()', (_, gone) => gone.view!()],
  ])('%s: an error that says so, and nothing is written', async (_name, run) => {
    const x = backend.tensor([1, 2, 3, 4], [1, 4]);
    expect(() => run(x, lost())).toThrow(SHAPE_ERROR);
    expect([...(await x.data())]).toEqual([1, 2, 3, 4]);
  });

  test('data(): the same', async () => {
    await expect(lost().data()).rejects.toThrow(SHAPE_ERROR);
  });

  test('a tensor without elements needs none', async () => {
    const empty = backend.wrap(new Float32Array(), [0, 4]);
    expect(await norm.forward(empty).data()).toHaveLength(0);
    expect(empty.view!()).toHaveLength(0);
  });
});
