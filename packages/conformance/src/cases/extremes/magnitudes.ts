import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { type Distribution, normal } from '../../inputs/distributions.ts';
import { forwardCase } from '../../operations/forward.ts';
import type { ForwardSpec, Layout } from '../../operations/forward-spec.ts';

/** What to look at where rows of very large or very small numbers are wrong. */
export const LOOK_AT =
  'redo a row on values scaled by a power of two where its sum of squares is above 2^126, or below size * 2^-98 while eps does not dominate';

const LAYOUTS: readonly Layout[] = [
  { shape: [3, 1], options: { dim: 1, axis: -1 } },
  { shape: [3, 5], options: { dim: 5, axis: -1 } },
  { shape: [3, 127], options: { dim: 127, axis: -1 } },
  { shape: [2, 4100], options: { dim: 4100, axis: -1 } },
  { shape: [2, 40, 3], options: { dim: 40 } },
  { shape: [2, 16, 5], options: { dim: 16, groups: 2 } },
];

/** All numbers of a row near one magnitude: r stays in the normal range of float32, where x^2 often does not. */
const MAGNITUDES: readonly { factor: number; eps: number; dtypes: readonly FloatDType[] }[] = [
  { factor: 1e10, eps: 1e-6, dtypes: ['float32', 'bfloat16'] },
  { factor: 1e18, eps: 1e-6, dtypes: ['float32'] },
  { factor: 1e19, eps: 1e-6, dtypes: ['float32', 'bfloat16'] },
  { factor: 1e20, eps: 0, dtypes: ['float32'] },
  { factor: 1e30, eps: 1e-6, dtypes: ['float32', 'bfloat16'] },
  { factor: 1e36, eps: 0, dtypes: ['float32', 'bfloat16'] },
  { factor: 1e-10, eps: 0, dtypes: ['float32', 'bfloat16'] },
  { factor: 1e-15, eps: 0, dtypes: ['float32'] },
  { factor: 1e-18, eps: 0, dtypes: ['float32'] },
  { factor: 1e-20, eps: 0, dtypes: ['float32', 'bfloat16'] },
  { factor: 1e-22, eps: 1e-42, dtypes: ['float32'] },
  { factor: 1e-30, eps: 0, dtypes: ['float32', 'bfloat16'] },
  { factor: 1e-30, eps: 1e-6, dtypes: ['float32', 'bfloat16'] },
  { factor: 1e-30, eps: 1e-60, dtypes: ['float32'] },
  { factor: 1e-35, eps: 0, dtypes: ['float32'] },
  { factor: 15000, eps: 1e-6, dtypes: ['float16'] },
  { factor: 0.001, eps: 1e-12, dtypes: ['float16'] },
];

const magnitudes: Case[] = MAGNITUDES.flatMap(({ factor, eps, dtypes }) =>
  dtypes.flatMap((dtype) =>
    LAYOUTS.map(({ shape, options }) =>
      extreme(
        { x: factor.toExponential(0), eps: String(eps), dtype, shape: showShape(shape) },
        { dtype, shape, options: { ...options, eps }, x: bounded(factor) },
      ),
    ),
  ),
);

/** Where r itself leaves the normal range: x is to be scaled before it is multiplied. */
const beyondR: Case[] = LAYOUTS.flatMap(({ shape, options }) => [
  extreme({ x: 'max', shape: showShape(shape) }, { shape, options: { ...options, eps: 0 }, x: fraction(3.3e38) }),
  extreme({ x: 'min-normal', shape: showShape(shape) }, { shape, options: { ...options, eps: 0 }, x: fraction(4e-38) }),
  extreme(
    { x: 'lone', shape: showShape(shape) },
    { shape, options: { ...options, eps: 0 }, x: lone(2e-38, shape.length > 2 ? 40 : shape[1]!), gamma: null },
  ),
]);

/** Rows with sums of squares on both sides of the limits beyond which a row must be redone. */
const limits: Case[] = [
  2 ** 58,
  2 ** 60,
  2 ** 62,
  2 ** 63,
  2 ** 64,
  2 ** -48,
  2 ** -49,
  2 ** -50,
  2 ** -52,
  2 ** -62,
].flatMap((factor) =>
  [7, 64, 1000].map((size) =>
    extreme(
      { around: `2^${Math.log2(factor)}`, shape: showShape([16, size]) },
      {
        shape: [16, size],
        options: { dim: size, axis: -1, eps: 0 },
        // Row by row a little larger, over a factor of 4.
        x: (random, count) => normal()(random, count).map((v, i) => v * factor * 2 ** (Math.floor(i / size) / 8)),
        rstd: true,
      },
    ),
  ),
);

const mixedRows: Case[] = FLOAT_DTYPES.filter((dtype) => dtype !== 'float16').flatMap((dtype) =>
  [
    [9, 33],
    [9, 12, 5],
  ].map((shape) =>
    extreme(
      { rows: 'mixed', dtype, shape: showShape(shape) },
      {
        dtype,
        shape,
        options: { dim: shape[1]!, axis: 1, eps: 1e-6 },
        x: (random, count) => {
          const perRow = count / shape[0]!;
          return normal()(random, count).map((v, i) => v * ([1, 1e30, 1e-30][Math.floor(i / perRow) % 3] ?? 1));
        },
      },
    ),
  ),
);

/** Large and small numbers in one row: scaling for the large ones must not lose the small ones, nor change eps. */
const mixedElements: Case[] = [
  { name: '1e30', large: 1e30, small: 0.01, eps: 1e-6 },
  { name: '1e20', large: 1e20, small: 1e-6, eps: 0 },
  { name: '1000', large: 1000, small: 0.01, eps: 1e-5 },
  { name: '1e-15', large: 1e-15, small: 1e-30, eps: 0 },
].flatMap(({ name, large, small, eps }) =>
  [8, 1024, 4099].map((size) =>
    extreme(
      { outlier: name, shape: showShape([3, size]) },
      {
        shape: [3, size],
        options: { dim: size, axis: -1, eps },
        x: (random, count) =>
          normal(small)(random, count).map((v, i) => (i % size === Math.floor(i / size) ? large : v)),
      },
    ),
  ),
);

const overflow: Case[] = [
  { dtype: 'float32' as const, gamma: 3e38 },
  { dtype: 'float16' as const, gamma: 60000 },
  { dtype: 'bfloat16' as const, gamma: 3e38 },
].map(({ dtype, gamma }) =>
  extreme(
    { overflow: 'y', dtype },
    {
      dtype,
      shape: [3, 64],
      options: { dim: 64, axis: -1 },
      gamma: (random, count) => Float64Array.from({ length: count }, () => random.pick([gamma, -gamma, 1])),
      lookAt: 'a y beyond the largest number of its dtype is infinite, neither clamped nor NaN',
    },
  ),
);

export const magnitudeCases: readonly Case[] = [
  ...magnitudes,
  ...beyondR,
  ...limits,
  ...mixedRows,
  ...mixedElements,
  ...overflow,
];

function extreme(parameters: Record<string, string | number>, spec: ForwardSpec): Case {
  return forwardCase(caseId('forward/extremes', parameters), { lookAt: LOOK_AT, ...spec, promises: ['extremes'] });
}

/** Between a quarter of `factor` and four times it, of both signs. */
function bounded(factor: number): Distribution {
  return (random, count) =>
    Float64Array.from({ length: count }, () => random.pick([-1, 1]) * factor * 2 ** (4 * random.uniform() - 2));
}

/** Between half of `factor` and it. */
function fraction(factor: number): Distribution {
  return (random, count) =>
    Float64Array.from({ length: count }, () => random.pick([-1, 1]) * factor * (0.5 + 0.5 * random.uniform()));
}

/** Zeros, but for every `period`-th number. */
function lone(value: number, period: number): Distribution {
  return (_random, count) => Float64Array.from({ length: count }, (_, i) => (i % period === 0 ? value : 0));
}
