import { beforeEach, describe, expect, test, vi } from 'vitest';
import { code, normWith, valuesOf, wave } from '../../test/samples.ts';
import { RMSNorm } from '../api/rms-norm.ts';
import type { Backend, Tensor } from '../backend/backend.ts';
import { createBackend } from '../backend/create-backend.ts';
import type { RMSNormOptions } from '../options/options.ts';
import { ReferenceDriver } from '../reference/driver.ts';

let driver: ReferenceDriver;
let backend: Backend;
beforeEach(() => {
  driver = new ReferenceDriver();
  backend = createBackend(driver);
});

describe('backward', () => {
  test('the numbers of an independent program', async () => {
    const norm = new RMSNorm({ dim: 3, eps: 1e-5, bias: true });
    norm.gamma!.data.set([0.5, 2, -1]);
    const x = backend.tensor([1, -2, 3, 0.5, 0.25, -0.125], [2, 3]);
    const rstd = backend.empty([2, 1, 1]);
    const y = await valuesOf(norm.forward(x, { rstd }));
    const { dx, dgamma, dbeta } = norm.backward(x, backend.tensor([1, 1, 1, 2, -1, 0.5], [2, 3]), { rstd });
    const near = async (tensor: Tensor | null, expected: number[]) => {
      for (const [i, value] of (await valuesOf(tensor!)).entries()) expect(value).toBeCloseTo(expected[i]!, 5);
    };
    expect(y[1]).toBeCloseTo(-1.851638215648, 6);
    await near(rstd, [0.462909553912, 3.023577566544]);
    await near(dx, [0.446376609297, 0.495975443142, 0.181855943111, 2.735644123645, -6.191121854538, -1.439805422547]);
    await near(dgamma, [3.486487120456, -1.68171349946, 1.199755063827]);
    await near(dbeta, [3, 0, 1.5]);
  });

  const cases: [string, RMSNormOptions, number[]][] = [
    ['rows', { dim: 5, axis: -1 }, [3, 5]],
    ['channels first, groups', { dim: 6, groups: 2 }, [2, 6, 3]],
    ['a part of the features', { dim: 6, partial: 0.5 }, [2, 6]],
    ['another scale', { dim: 4, scale: 3 }, [2, 4]],
    ['clamp, not active', { dim: 4, epsMode: 'clamp', eps: 1e-3 }, [2, 4]],
    ['clamp, active', { dim: 4, epsMode: 'clamp', eps: 100 }, [2, 4]],
    ['offset and bias', { dim: 4, weightOffset: 1, bias: true }, [3, 4]],
    ['no gamma', { dim: 4, affine: false }, [3, 4]],
  ];
  test.each(cases)('agrees with finite differences: %s', async (_name, options, shape) => {
    const norm = normWith(options);
    const count = shape.reduce((a, b) => a * b, 1);
    const [x, dy] = [wave(count), wave(count, 5)];
    const result = norm.backward(backend.tensor(x, shape), backend.tensor(dy, shape));
    // The loss is sum(dy * y) in the reference's float32 results: steps of 2^-7 keep its rounding below 1e-3.
    const loss = async (at: Float32Array): Promise<number> =>
      (await valuesOf(norm.forward(backend.tensor(at, shape)))).reduce((sum, y, i) => sum + y * dy[i]!, 0);
    const slope = async (array: Float32Array, i: number, moved: () => Promise<number>): Promise<number> => {
      const h = 2 ** -7;
      const kept = array[i]!;
      array[i] = kept + h;
      norm.update();
      const up = await moved();
      array[i] = kept - h;
      norm.update();
      const down = await moved();
      array[i] = kept;
      norm.update();
      return (up - down) / (2 * h);
    };
    const dx = await valuesOf(result.dx);
    for (let i = 0; i < count; i++) expect(Math.abs(dx[i]! - (await slope(x, i, () => loss(x))))).toBeLessThan(2e-2);
    for (const [weight, gradient] of [
      [norm.gamma, result.dgamma],
      [norm.beta, result.dbeta],
    ] as const) {
      expect(gradient === null).toBe(weight === null);
      if (!weight || !gradient) continue;
      expect(gradient.shape).toEqual(weight.shape);
      const got = await valuesOf(gradient);
      for (let i = 0; i < got.length; i++) {
        expect(Math.abs(got[i]! - (await slope(weight.data as Float32Array, i, () => loss(x))))).toBeLessThan(1e-2);
      }
    }
  });

  test('dsum is added; dx may be dy or x', async () => {
    const norm = normWith({ dim: 4 });
    const x = () => backend.tensor(wave(8), [2, 4]);
    const dy = () => backend.tensor(wave(8, 2), [2, 4]);
    const plain = await valuesOf(norm.backward(x(), dy()).dx);
    const dsum = backend.tensor(wave(8, 3), [2, 4]);
    const added = await valuesOf(norm.backward(x(), dy(), { dsum }).dx);
    for (let i = 0; i < 8; i++) expect(added[i]! - plain[i]!).toBeCloseTo(wave(8, 3)[i]!, 5);
    const [a, b] = [x(), dy()];
    expect(await valuesOf(norm.backward(a, dy(), { out: { dx: a } }).dx)).toEqual(plain);
    expect(await valuesOf(norm.backward(x(), b, { out: { dx: b } }).dx)).toEqual(plain);
    expect(() => norm.backward(a, b, { dsum, out: { dx: dsum } })).toThrow(code('ALIASING'));
  });

  test('a zero row: dy * w / sqrt(eps); at a zero denominator infinite, or 0 where dy * w is', async () => {
    const norm = new RMSNorm({ dim: 2, eps: 1e-4 });
    norm.gamma!.data.set([2, 3]);
    const zero = () => backend.tensor([0, 0], [1, 2]);
    const dx = await valuesOf(norm.backward(zero(), backend.tensor([1, -1], [1, 2])).dx);
    expect(dx.map(Math.round)).toEqual([200, -300]);
    const bare = new RMSNorm({ dim: 2, eps: 0 });
    const { dx: infinite, dgamma } = bare.backward(zero(), backend.tensor([-1, 0], [1, 2]));
    expect(await valuesOf(infinite)).toEqual([Number.NEGATIVE_INFINITY, 0]);
    expect(await valuesOf(dgamma!)).toEqual([0, 0]);
  });

  test('no rows: dgamma and dbeta of zeros, and no kernel', async () => {
    const kernel = vi.spyOn(driver, 'backward');
    const norm = new RMSNorm({ dim: 3, bias: true });
    const empty = backend.empty([0, 3]);
    const { dx, dgamma, dbeta } = norm.backward(empty, backend.empty([0, 3]));
    expect(dx.shape).toEqual([0, 3]);
    expect(await valuesOf(dgamma!)).toEqual([0, 0, 0]);
    expect(await valuesOf(dbeta!)).toEqual([0, 0, 0]);
    expect(kernel).not.toHaveBeenCalled();
  });
});
