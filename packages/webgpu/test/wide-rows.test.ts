import { type Backend, type RMSNormOptions, rmsNormBackward, scaleBy, sumSquares } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { describeBesideReference } from './node-webgpu.ts';

// The suite has few rows that are split over workgroups, and none of them extreme.

/** Numbers that look random, in (-1, 1). */
function noise(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

interface Row {
  readonly name: string;
  readonly of: (values: number[]) => number[];
}

const ROWS: readonly Row[] = [
  { name: 'ordinary', of: (values) => values },
  { name: '1e30', of: (values) => values.map((v) => v * 1e30) },
  { name: '1e-30', of: (values) => values.map((v) => v * 1e-30) },
  { name: 'with one section of zeros', of: (values) => values.map((v, i) => (i >> 13 === 1 ? 0 : v)) },
  { name: 'with one section of 1e-35', of: (values) => values.map((v, i) => (i >> 13 === 1 ? v * 1e-35 : v)) },
  { name: 'with one element of 1e25', of: (values) => values.map((v, i) => (i === 9000 ? 1e25 : v)) },
];

interface Gradients {
  readonly dx: ArrayLike<number>;
  readonly dgamma: ArrayLike<number>;
}

describeBesideReference('rows that are split over workgroups', (both) => {
  async function gradients(
    on: Backend,
    size: number,
    x: number[],
    options: object,
    rstd?: number[],
  ): Promise<Gradients> {
    const shape = [x.length / size, size];
    const dy = on.tensor(Float32Array.from(noise(x.length, 3)), shape);
    const gamma = on.tensor(Float32Array.from(noise(size, 5)), [size]);
    const given = rstd && on.tensor(Float32Array.from(rstd), [shape[0]!, 1, 1]);
    const all: RMSNormOptions = { dim: size, axis: -1, ...options };
    const result = rmsNormBackward(on.tensor(Float32Array.from(x), shape), dy, {
      ...all,
      gamma,
      ...(given && { rstd: given }),
    });
    return { dx: (await result.dx.data()) as Float32Array, dgamma: (await result.dgamma!.data()) as Float32Array };
  }

  function compare(got: ArrayLike<number>, wanted: ArrayLike<number>): void {
    const largest = Array.from(wanted).reduce((top, v) => Math.max(top, Math.abs(v)), 0);
    let worst = 0;
    for (let i = 0; i < wanted.length; i++) worst = Math.max(worst, Math.abs(got[i]! / largest - wanted[i]! / largest));
    expect(largest).toBeGreaterThan(0);
    expect(got.length).toBe(wanted.length);
    expect(worst).toBeLessThan(1e-6);
  }

  test.each(
    ROWS.flatMap(({ name, of }) =>
      [9001, 65_540].flatMap((size) =>
        [{ eps: 0 }, { eps: 0, partial: 0.5 }, { eps: 1e-3, epsMode: 'clamp' }].map((options) => ({
          name,
          of,
          size,
          options,
        })),
      ),
    ),
  )('backward of $size features, $name, $options', async ({ of, size, options }) => {
    // A row on each side whose gradient must not change.
    const x = [...noise(size, 7), ...of(noise(size, 9)), ...noise(size, 11)];
    const got = await gradients(both.backend, size, x, options);
    const wanted = await gradients(both.exact, size, x, options);
    compare(got.dgamma, wanted.dgamma);
    for (const row of [0, 1, 2]) {
      const [start, end] = [row * size, (row + 1) * size];
      compare(Array.from(got.dx).slice(start, end), Array.from(wanted.dx).slice(start, end));
    }
  });

  test('backward of a given rstd, and of groups', async () => {
    const x = noise(4 * 8200, 13);
    for (const [options, rstd] of [
      [{ groups: 1 }, [1.5, 0.25]],
      [{ groups: 2, eps: 0.1 }, undefined],
    ] as const) {
      const got = await gradients(both.backend, 2 * 8200, x, options, rstd && [...rstd]);
      const wanted = await gradients(both.exact, 2 * 8200, x, options, rstd && [...rstd]);
      compare(got.dx, wanted.dx);
      compare(got.dgamma, wanted.dgamma);
    }
  });

  test('a zero denominator, a NaN and an infinity in one of the sections', async () => {
    const size = 65_540;
    const plain = noise(size, 7);
    const rows = [plain.map(() => 0), plain.map((v, i) => (i === 40_000 ? Number.NaN : v))];
    for (const row of [...rows, plain.map((v, i) => (i === 40_000 ? Number.POSITIVE_INFINITY : v))]) {
      const x = [...row, ...plain];
      const got = await gradients(both.backend, size, x, { eps: 0 });
      const wanted = await gradients(both.exact, size, x, { eps: 0 });
      const kinds = (values: ArrayLike<number>): string[] =>
        Array.from(values, (v) => (Number.isFinite(v) ? 'finite' : String(v)));
      for (const name of ['dx', 'dgamma'] as const) {
        const all = kinds(wanted[name]);
        const other = kinds(got[name]).flatMap((kind, i) => (kind === all[i] ? [] : [`${i}: ${kind}, not ${all[i]}`]));
        expect(other.slice(0, 3), `${name} at ${row[0]}`).toEqual([]);
      }
    }
  });

  test('sumSquares and scaleBy, whatever a section holds', async () => {
    const size = 65_540;
    const x = [noise(size, 7), ...ROWS.slice(3, 5).map(({ of }) => of(noise(size, 9)))].flat();
    const scaled = noise(size, 9).map((v, i) => (i >> 13 === 1 ? v * 1e14 : v * 1e16));
    const values = Float32Array.from([...x, ...scaled]);
    const run = async (on: Backend): Promise<{ sums: Float32Array; y: Float32Array }> => {
      const tensor = on.tensor(values, [4, size]);
      const options = { dim: size, axis: -1 };
      const sums = sumSquares(tensor, options);
      const y = scaleBy(tensor, sums, size, options);
      return { sums: (await sums.data()) as Float32Array, y: (await y.data()) as Float32Array };
    };
    const got = await run(both.backend);
    const wanted = await run(both.exact);
    for (const [i, sum] of wanted.sums.entries()) expect(got.sums[i]! / sum).toBeCloseTo(1, 6);
    for (let i = 0; i < values.length; i += 97) {
      const error = Math.abs(got.y[i]! - wanted.y[i]!);
      expect(error).toBeLessThanOrEqual(1e-6 * Math.abs(wanted.y[i]!));
    }
  });
});
