import { RMSNorm, type Tensor } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { wasm } from '../src/index.ts';

// Beyond the caches rows are scaled while the next are summed; a slab by itself lies within them. The bits are the same.

interface Overlapped {
  readonly shape: readonly number[];
  readonly groups?: number;
  readonly bias?: boolean;
  readonly affine?: boolean;
  readonly weightOffset?: number;
  readonly inPlace?: boolean;
}

const cases: [string, Overlapped][] = [
  ['rows, many in a batch', { shape: [9001, 96] }],
  ['rows, one in a batch', { shape: [260, 4099], bias: true }],
  ['rows of groups', { shape: [1500, 600], groups: 3, bias: true, weightOffset: 1 }],
  ['rows of groups without weights', { shape: [2400, 300], groups: 5, affine: false, inPlace: true }],
  ['rows in place', { shape: [700, 1000], bias: true, inPlace: true }],
  ['columns, several strips of a slab', { shape: [4, 300, 1300], bias: true }],
  ['columns, one strip of a slab', { shape: [90, 128, 60], groups: 2 }],
  ['columns of less than a cache line', { shape: [1200, 64, 10], weightOffset: 1 }],
  ['columns in place', { shape: [2, 260, 1100], groups: 5, affine: false, inPlace: true }],
  ['columns of features that are no multiple of 4', { shape: [3, 511, 400] }],
];

function noise(length: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

test.each(cases)(
  '%s',
  async (_, { shape, groups = 1, bias = false, affine = true, weightOffset = 0, inPlace = false }) => {
    const [outer, dim] = shape as [number, number];
    const slab = shape.slice(1).reduce((a, b) => a * b);
    expect(outer * slab * 8).toBeGreaterThan(4 * 2 ** 20);
    expect(slab * 8).toBeLessThanOrEqual(4 * 2 ** 20);
    const data = noise(outer * slab);
    // Rows that take another way, in between.
    data[slab + 5] = Number.NaN;
    data.fill(0, Math.floor(outer / 2) * slab, Math.floor(outer / 2) * slab + slab / groups);
    for (let i = outer * slab - slab; i < outer * slab; i += 7) data[i] = 3e30;

    await using backend = await wasm().create();
    const norm = new RMSNorm({ dim, groups, bias, affine, weightOffset });
    if (norm.gamma) norm.gamma = { dtype: 'float32', shape: [dim], data: noise(dim) };
    if (norm.beta) norm.beta = { dtype: 'float32', shape: [dim], data: noise(dim).reverse() };
    const rstd = backend.empty([outer, groups, slab / dim]);
    const x = backend.tensor(data, shape);
    const y = norm.forward(x, inPlace ? { out: x, rstd } : { rstd });
    const all = values(y);
    const statistics = values(rstd);

    const perSlab = (groups * slab) / dim;
    const ownRstd = backend.empty([1, groups, slab / dim]);
    for (let o = 0; o < outer; o++) {
      const one = backend.tensor(data.subarray(o * slab, (o + 1) * slab), [1, ...shape.slice(1)]);
      norm.forward(one, { out: one, rstd: ownRstd });
      if (!same(values(one), all.subarray(o * slab, (o + 1) * slab))) expect.fail(`slab ${o} differs`);
      if (!same(values(ownRstd), statistics.subarray(o * perSlab, (o + 1) * perSlab)))
        expect.fail(`rstd of slab ${o} differs`);
      one.dispose();
    }
  },
);

function values(tensor: Tensor): Float32Array {
  return (tensor.view!() as Float32Array).slice();
}

/** Bit for bit, but for those of a NaN, which WebAssembly leaves open. */
function same(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
