import { beforeEach, describe, expect, test } from 'vitest';
import { code, normWith, valuesOf, wave } from '../../test/samples.ts';
import { addRmsNorm, gatedRmsNorm, rmsNormBackward, rmsNormQuantized, scaleBy, sumSquares } from '../api/functions.ts';
import { RMSNorm } from '../api/rms-norm.ts';
import type { Backend, Tensor } from '../backend/backend.ts';
import { createBackend } from '../backend/create-backend.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import { encode } from '../values/encoding.ts';

const silu = (z: number): number => z / (1 + Math.exp(-z));

let driver: ReferenceDriver;
let backend: Backend;
beforeEach(() => {
  driver = new ReferenceDriver();
  backend = createBackend(driver);
});

describe('addForward', () => {
  test('normalizes the rounded sum', async () => {
    const x = backend.tensor([-28.34375, -1558, 1773, -2848], [1, 4], 'float16');
    const residual = backend.tensor([1.486328125, -0.5888671875, 0.96044921875, 1.2880859375], [1, 4], 'float16');
    const { y } = new RMSNorm({ dim: 4, affine: false }).addForward(x, residual);
    expect(await valuesOf(y)).toEqual([-0.0145263671875, -0.84326171875, 0.95947265625, -1.5390625]);
  });

  test.each(['float32', 'float16', 'bfloat16'] as const)('is bit for bit the two steps apart, %s', async (dtype) => {
    const norm = normWith({ dim: 6, groups: 2, bias: true });
    const [a, b] = [wave(48), wave(48, 2)];
    const x = backend.tensor([...a], [2, 6, 4], dtype);
    const residual = backend.tensor([...b], [2, 6, 4], dtype);
    const rounded = await valuesOf(x);
    const added = await valuesOf(residual);
    const rstd = backend.empty([2, 2, 4]);
    const { y, sum } = norm.addForward(x, residual, { rstd });
    const apart = backend.tensor(
      encode(
        rounded.map((value, i) => value + added[i]!),
        dtype,
      ),
      [2, 6, 4],
      dtype,
    );
    const expected = backend.empty([2, 2, 4]);
    expect(await sum.data()).toEqual(await apart.data());
    expect(await y.data()).toEqual(await norm.forward(apart, { rstd: expected }).data());
    expect(await rstd.data()).toEqual(await expected.data());
  });

  test('in place on the residual, and the other places; never one memory for both results', async () => {
    const norm = normWith({ dim: 4 });
    const make = () => [backend.tensor(wave(8), [2, 4]), backend.tensor(wave(8, 2), [2, 4])] as const;
    const [x, residual] = make();
    const expected = norm.addForward(x, residual);
    const places = [
      (a: Tensor, b: Tensor) => ({ y: a, sum: b }),
      (a: Tensor, b: Tensor) => ({ y: b, sum: a }),
      (_: Tensor, b: Tensor) => ({ sum: b }),
    ];
    for (const place of places) {
      const [a, b] = make();
      const out = place(a, b);
      const result = norm.addForward(a, b, { out });
      expect(result).toMatchObject(out);
      expect(await result.y.data()).toEqual(await expected.y.data());
      expect(await result.sum.data()).toEqual(await expected.sum.data());
    }
    expect(() => norm.addForward(x, residual, { out: { y: x, sum: x } })).toThrow(code('ALIASING'));
  });
});

describe('gatedForward', () => {
  test.each([true, false])('normBeforeGate %s, with groups', async (normBeforeGate) => {
    const norm = normWith({ dim: 6, groups: 2, axis: -1, normBeforeGate, bias: true });
    const [x, z] = [wave(12), wave(12, 2).map((value) => value * 4)];
    const inner = normBeforeGate ? x : x.map((value, i) => value * silu(z[i]!));
    const normed = await valuesOf(norm.forward(backend.tensor(inner, [2, 6])));
    const y = await valuesOf(norm.gatedForward(backend.tensor(x, [2, 6]), backend.tensor(z, [2, 6])));
    for (let i = 0; i < 12; i++) {
      expect(y[i]).toBeCloseTo(normBeforeGate ? normed[i]! * silu(z[i]!) : normed[i]!, 5);
    }
  });

  test('in place on the gate or on x', async () => {
    const norm = normWith({ dim: 4 });
    const make = () => [backend.tensor(wave(8), [2, 4]), backend.tensor(wave(8, 2), [2, 4])] as const;
    const expected = await norm.gatedForward(...make()).data();
    for (const place of [0, 1]) {
      const pair = make();
      expect(await norm.gatedForward(...pair, pair[place]).data()).toEqual(expected);
    }
  });
});

describe('sumSquares and scaleBy', () => {
  test('shards of unequal size, one sum between: as unsplit', async () => {
    const [x, gamma] = [wave(20), wave(10, 4)];
    const whole = await valuesOf(
      (() => {
        const norm = new RMSNorm({ dim: 10, axis: -1 });
        norm.gamma!.data.set(gamma);
        return norm.forward(backend.tensor(x, [2, 10]));
      })(),
    );
    const shards = [[0, 3] as const, [3, 10] as const].map(([from, to]) => {
      const dim = to - from;
      const tensor = backend.tensor([...x.subarray(from, to), ...x.subarray(10 + from, 10 + to)], [2, dim]);
      const norm = new RMSNorm({ dim, axis: -1 });
      norm.gamma!.data.set(gamma.subarray(from, to));
      return { from, dim, tensor, norm };
    });
    const parts = await Promise.all(shards.map(({ norm, tensor }) => valuesOf(norm.sumSquares(tensor))));
    const total = backend.tensor([parts[0]![0]! + parts[1]![0]!, parts[0]![1]! + parts[1]![1]!], [2, 1, 1]);
    for (const { from, dim, tensor, norm } of shards) {
      const y = await valuesOf(norm.scaleBy(tensor, total, 10));
      for (let row = 0; row < 2; row++) {
        for (let k = 0; k < dim; k++) expect(y[row * dim + k]).toBeCloseTo(whole[row * 10 + from + k]!, 5);
      }
    }
  });

  // The square root of 3 is what a shard of 3 features would take by itself.
  test.each([3, Math.sqrt(3)])('a scale of %d means the norm of the whole', async (scale) => {
    const x = wave(8);
    const options = { axis: -1, eps: 0, scale, affine: false } as const;
    const whole = await valuesOf(new RMSNorm({ ...options, dim: 8 }).forward(backend.tensor(x, [1, 8])));
    const sums = backend.tensor([x.reduce((sum, value) => sum + value ** 2, 0)], [1, 1, 1]);
    const part = await valuesOf(
      new RMSNorm({ ...options, dim: 3 }).scaleBy(backend.tensor([...x.subarray(0, 3)], [1, 3]), sums, 8),
    );
    for (let k = 0; k < 3; k++) expect(part[k]).toBeCloseTo(whole[k]!, 6);
  });

  test('partial and a count that is too small are refused', () => {
    const x = backend.empty([2, 4]);
    const sums = backend.empty([2, 1, 1]);
    const partial = new RMSNorm({ dim: 4, partial: 0.5 });
    expect(() => partial.sumSquares(x)).toThrow(code('INVALID_OPTION'));
    expect(() => partial.scaleBy(x, sums, 4)).toThrow(code('INVALID_OPTION'));
    const norm = new RMSNorm(4);
    for (const count of [3, 4.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => norm.scaleBy(x, sums, count)).toThrow(code('INVALID_OPTION'));
    }
    expect(() => norm.scaleBy(x, backend.empty([2]), 4)).toThrow(code('SHAPE'));
  });
});

describe('forwardQuantized', () => {
  test('one scale for each row over all its groups, ties to even', async () => {
    const norm = new RMSNorm({ dim: 4, groups: 2, eps: 0, affine: false });
    const { q, scales } = norm.forwardQuantized(backend.tensor([1, 1, 0, 2, 0, 0, 0, 0], [2, 4]));
    expect([q.dtype, q.shape, scales.shape]).toEqual(['int8', [2, 4], [2, 1]]);
    expect(await valuesOf(q)).toEqual([90, 90, 0, 127, 0, 0, 0, 0]);
    expect(await valuesOf(scales)).toEqual([Math.fround(Math.fround(Math.SQRT2) / 127), 1]);
  });

  test('a given scale, clamped', async () => {
    const plain = new RMSNorm({ dim: 1, eps: 0 });
    plain.gamma!.data.set([2.5]);
    const x = backend.tensor([1, -1], [2, 1]);
    expect(await valuesOf(plain.forwardQuantized(x, { scale: 1 }).q)).toEqual([2, -2]);
    expect(await valuesOf(plain.forwardQuantized(x, { scale: 0.5 }).scales)).toEqual([0.5, 0.5]);
    expect(await valuesOf(plain.forwardQuantized(x, { scale: 1e-3 }).q)).toEqual([127, -127]);
    for (const scale of [0, -1, Number.NaN, 1e-50, 1e39]) {
      expect(() => plain.forwardQuantized(x, { scale })).toThrow(code('INVALID_OPTION'));
    }
  });
});

test('the functions under the class agree with it', async () => {
  const norm = normWith({ dim: 4, bias: true });
  const options = {
    dim: 4,
    gamma: backend.tensor(norm.gamma!.data, [4], 'float32'),
    beta: backend.tensor(norm.beta!.data, [4], 'float32'),
  };
  const x = backend.tensor(wave(8), [2, 4]);
  const z = backend.tensor(wave(8, 2), [2, 4]);
  const same = async (a: Tensor | null, b: Tensor | null) => expect(await a!.data()).toEqual(await b!.data());
  await same(addRmsNorm(x, z, options).y, norm.addForward(x, z).y);
  await same(gatedRmsNorm(x, z, options), norm.gatedForward(x, z));
  await same(rmsNormBackward(x, z, options).dgamma, norm.backward(x, z).dgamma);
  const sums = sumSquares(x, options);
  await same(sums, norm.sumSquares(x));
  await same(scaleBy(x, sums, 4, options), norm.scaleBy(x, sums, 4));
  await same(rmsNormQuantized(x, options).q, norm.forwardQuantized(x).q);
});

test('what fails frees what it allocated', () => {
  const norm = new RMSNorm({ dim: 4, affine: false });
  const x = backend.empty([2, 4]);
  const before = backend.memory();
  for (const method of ['addForward', 'gatedForward', 'backward', 'sumSquares', 'forwardQuantized'] as const) {
    driver[method] = () => {
      throw new Error('kernel');
    };
    const ofX = method === 'forwardQuantized' || method === 'sumSquares';
    expect(() => (ofX ? norm[method](x) : norm[method](x, x))).toThrow('kernel');
  }
  expect(() => norm.addForward(x, backend.empty([2, 4], 'float16'))).toThrow(code('DTYPE'));
  expect(() => norm.backward(x, backend.empty([4, 2]))).toThrow(code('SHAPE'));
  expect(backend.memory().tensors).toBe(before.tensors + 2);
});
