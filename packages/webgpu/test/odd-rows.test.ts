import { addRmsNorm, type Backend, gatedRmsNorm, rmsNorm, rmsNormBackward, type Tensor } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { describeBesideReference } from './node-webgpu.ts';

type Gradients = { readonly dx: number[]; readonly dgamma: number[]; readonly dbeta: number[] };

function bfloat16(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
}

// Two rows of an odd number of 16-bit elements share a word: each invocation has features of both, and writes words.
describeBesideReference('rows of an odd number of bfloat16', (both, subgroups) => {
  async function gradients(
    on: Backend,
    [outer, groups, size]: readonly number[],
    place: 'x' | 'dy' | null,
    repeated = false,
  ): Promise<Gradients> {
    const features = groups! * size!;
    const bits = (factor: number): Uint16Array =>
      Uint16Array.from({ length: outer! * features }, (_, i) => {
        const j = repeated ? i % size! : i;
        return 0x3f00 + ((j * factor) % 509) + (j % 2) * 0x8000;
      });
    const shape = [outer!, features];
    const x = on.tensor(bits(37), shape, 'bfloat16');
    const dy = on.tensor(bits(101), shape, 'bfloat16');
    const weight = (i: number): number => 0.5 + ((repeated ? i % size! : i) % 7) / 4;
    const gamma = on.tensor(
      Float32Array.from({ length: features }, (_, i) => weight(i)),
      [features],
    );
    const out = place ? { out: { dx: place === 'x' ? x : dy } } : {};
    const results = rmsNormBackward(x, dy, { dim: features, groups: groups!, axis: -1, gamma, beta: gamma, ...out });
    const dx = Array.from(await results.dx.data(), bfloat16);
    const dgamma = [...(await results.dgamma!.data())];
    const dbeta = [...(await results.dbeta!.data())];
    for (const tensor of [x, dy, gamma, results.dx, results.dgamma!, results.dbeta!]) tensor.dispose();
    return { dx, dgamma, dbeta };
  }

  const shapes: readonly (readonly [number[], (null | 'x' | 'dy')[]])[] = [
    [[7, 1, 1], [null]],
    [
      [8, 1, 33],
      [null, 'x', 'dy'],
    ],
    [[5, 2, 33], [null]],
    [[5, 3, 33], [null]],
    [[2, 1, subgroups ? 8191 : 1001], [subgroups ? 'x' : null]],
    // Split over workgroups.
    [[2, 1, 65_537], ['dy']],
  ];

  test.each(shapes)('%o: every gradient, dx in place of %o', async (shape, places) => {
    const expected = await gradients(both.exact, shape, null);
    for (const place of places) {
      const found = await gradients(both.backend, shape, place);
      for (const [i, value] of expected.dx.entries()) {
        // One step of bfloat16: both round nearly the same number.
        expect(Math.abs(found.dx[i]! - value)).toBeLessThanOrEqual(2 ** -7 * Math.abs(value) + 1e-6);
      }
      for (const name of ['dgamma', 'dbeta'] as const) {
        for (const [i, value] of expected[name].entries()) expect(found[name][i]).toBeCloseTo(value, 3);
      }
    }
  });

  test.each([33, 1001])(
    'rows of %i have the same bits whether they are the first or the second of two',
    async (size) => {
      const one = (await gradients(both.backend, [1, 1, size], null, true)).dx;
      for (const shape of [
        [5, 1, size],
        [2, 3, size],
      ]) {
        const { dx } = await gradients(both.backend, shape, null, true);
        for (let row = 0; row < dx.length / size; row++) expect(dx.slice(row * size, (row + 1) * size)).toEqual(one);
      }
    },
  );

  // Nine rows of three groups: each group's are first and second of two, and the last is alone.
  test.each(subgroups ? [33, 4097] : [33])(
    'forward, addForward and gatedForward of %i: the same in place, and as the reference',
    async (size) => {
      const shape = [3, 3 * size];
      const bits = (factor: number): Uint16Array =>
        Uint16Array.from({ length: 9 * size }, (_, i) => 0x3f00 + ((i * factor) % 509) + (i % 2) * 0x8000);
      const results = async (on: Backend, inPlace: boolean): Promise<number[][]> => {
        const [x, other] = [37, 101].map((factor) => on.tensor(bits(factor), shape, 'bfloat16')) as [Tensor, Tensor];
        const gamma = on.tensor(
          Float32Array.from({ length: 3 * size }, (_, i) => 0.5 + (i % 7) / 4),
          [3 * size],
        );
        const options = { dim: 3 * size, groups: 3, axis: -1, gamma, beta: gamma };
        const again = (): Tensor => on.tensor(bits(37), shape, 'bfloat16');
        const out = (): { out?: Tensor } => (inPlace ? { out: x } : {});
        const gated = (normBeforeGate: boolean): Tensor => {
          const from = again();
          return gatedRmsNorm(from, other, { ...options, normBeforeGate, ...(inPlace && { out: from }) });
        };
        const added = again();
        const { y, sum } = addRmsNorm(added, other, { ...options, ...(inPlace && { out: { sum: added } }) });
        const all = [gated(false), gated(true), y, sum, rmsNorm(x, { ...options, ...out() })];
        const numbers: number[][] = [];
        for (const tensor of all) numbers.push(Array.from(await tensor.data(), bfloat16));
        for (const tensor of new Set([...all, x, other, gamma, added])) tensor.dispose();
        return numbers;
      };
      const expected = await results(both.exact, false);
      const found = await results(both.backend, false);
      // By at most one step of bfloat16: both round nearly the same number.
      const wrong = expected.map(
        (values, i) => values.filter((v, j) => !(Math.abs(found[i]![j]! - v) <= 2 ** -7 * Math.abs(v) + 1e-6)).length,
      );
      expect(wrong).toEqual([0, 0, 0, 0, 0]);
      expect(await results(both.backend, true)).toEqual(found);
    },
  );
});
