import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { betaOf, type Distribution, gammaOf, normal, oneAt, zerosInTurn } from '../../inputs/distributions.ts';
import type { Random } from '../../inputs/random.ts';
import { forwardCase } from '../../operations/forward.ts';
import type { ForwardOptions, ForwardSpec, Layout } from '../../operations/forward-spec.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

const LAYOUTS: readonly Layout[] = [
  { shape: [5, 4], options: { dim: 4, axis: -1 } },
  { shape: [5, 7], options: { dim: 7, axis: -1 } },
  { shape: [4, 129], options: { dim: 129, axis: -1 } },
  { shape: [3, 4099], options: { dim: 4099, axis: -1 } },
  { shape: [3, 8, 6], options: { dim: 8 } },
  { shape: [3, 12, 5], options: { dim: 12, groups: 3 } },
];

/** What stands in x: a few odd numbers, each in a place of its own, in an otherwise ordinary tensor. */
const INTRUDERS: Readonly<Record<string, readonly number[]>> = {
  nan: [NAN],
  'plus-infinity': [INF],
  'minus-infinity': [-INF],
  'infinity-and-nan': [INF, NAN],
  'both-infinities': [INF, -INF],
  'nan-and-zero': [NAN, 0],
  'infinity-and-zero': [INF, 0],
};

const PLACES: Readonly<Record<string, (count: number) => number>> = {
  first: () => 0,
  middle: (count) => Math.floor(count / 2) + 1,
  last: (count) => count - 1,
};

const isolation: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  LAYOUTS.flatMap(({ shape, options }) =>
    Object.entries(INTRUDERS).flatMap(([name, intruders]) =>
      Object.entries(PLACES).map(([place, at]) =>
        nonFinite(
          { x: name, at: place, dtype, shape: showShape(shape) },
          {
            dtype,
            shape,
            options,
            x: (random, count) => {
              const numbers = normal()(random, count);
              intruders.forEach((value, i) => {
                numbers[(at(count) + count - i) % count] = value;
              });
              return numbers;
            },
            lookAt:
              'a NaN makes its own row NaN; an infinity makes the finite elements of its row 0 and itself NaN; other rows stay as they are',
          },
        ),
      ),
    ),
  ),
);

const withBeta: Case[] = ['nan', 'plus-infinity'].map((name) =>
  nonFinite(
    { x: name, beta: 'some' },
    { shape: [4, 33], options: { dim: 33, axis: -1 }, beta: true, x: oneAt(50, INTRUDERS[name]![0]!) },
  ),
);

/** Beyond statSize: the element changes only itself. */
const outside: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  (
    [
      [[4, 40], 40, -1],
      [[2, 40, 3], 40, 1],
    ] as const
  ).flatMap(([shape, dim, axis]) =>
    [NAN, INF, -INF].map((value) =>
      nonFinite(
        { outside: value, dtype, shape: showShape(shape) },
        { dtype, shape, options: { dim, axis, partial: 0.5 }, x: oneAt(shape.length === 2 ? 35 : 35 * 3 + 1, value) },
      ),
    ),
  ),
);

const weights: Case[] = FLOAT_DTYPES.flatMap((dtype: FloatDType) =>
  (
    [
      [[5, 37], 37, -1],
      [[2, 12, 5], 12, 1],
    ] as const
  ).flatMap(([shape, dim, axis]) => {
    const shared = {
      dtype,
      shape,
      options: { dim, axis },
      lookAt: 'a NaN in gamma or beta touches its own feature alone',
    };
    const parameters = { dtype, shape: showShape(shape) };
    return [
      nonFinite({ gamma: 'NaN', ...parameters }, { ...shared, gamma: spoiled(gammaOf, NAN) }),
      nonFinite({ gamma: 'Infinity', ...parameters }, { ...shared, gamma: spoiled(gammaOf, INF) }),
      nonFinite({ beta: 'NaN', ...parameters }, { ...shared, beta: spoiled(betaOf, NAN) }),
      nonFinite({ beta: '-Infinity', ...parameters }, { ...shared, beta: spoiled(betaOf, -INF) }),
    ];
  }),
);

const ZERO_ROWS: Readonly<
  Record<string, Omit<ForwardSpec, 'shape' | 'options'> & { options: Partial<ForwardOptions> }>
> = {
  'eps=0': { options: { eps: 0 } },
  'eps=1e-6': { options: { eps: 1e-6 } },
  'eps=1e-12': { options: { eps: 1e-12 } },
  'mode=clamp,eps=0': { options: { epsMode: 'clamp', eps: 0 } },
  'mode=clamp,eps=1e-12': { options: { epsMode: 'clamp', eps: 1e-12 } },
  'eps=0,beta=some': { options: { eps: 0 }, beta: true },
  'eps=0,offset=1': { options: { eps: 0, weightOffset: 1 } },
  'eps=0,casting=llama': { options: { eps: 0, casting: 'llama' } },
  'eps=0,scale=-2': { options: { eps: 0, scale: -2 } },
};

/** Every second row is zeros, of both signs. */
const zeroRows: Case[] = Object.entries(ZERO_ROWS).flatMap(([name, { options, ...rest }]) =>
  FLOAT_DTYPES.flatMap((dtype) =>
    LAYOUTS.map((layout) =>
      nonFinite(
        { zeros: name, dtype, shape: showShape(layout.shape) },
        {
          ...rest,
          dtype,
          shape: layout.shape,
          options: { ...layout.options, ...options },
          x: zerosInTurn(layout.shape[0]!, (value) => value * 0),
          lookAt: 'where the denominator is 0, elements that are 0 give 0 (+ beta)',
        },
      ),
    ),
  ),
);

/** The statistic's part of the row is zero, the rest is not: r is infinite, and so are they. */
const zeroStatistic: Case[] = FLOAT_DTYPES.map((dtype) =>
  nonFinite(
    { zeros: 'statistic', dtype },
    {
      dtype,
      shape: [3, 40],
      options: { dim: 40, axis: -1, partial: 0.5, eps: 0 },
      x: (random, count) => normal()(random, count).map((v, i) => (i % 40 < 20 || i % 7 === 0 ? 0 : v)),
      lookAt: 'where the denominator is 0, elements that are not 0 give an infinity of their sign',
    },
  ),
);

export const nonFiniteCases: readonly Case[] = [
  ...isolation,
  ...withBeta,
  ...outside,
  ...weights,
  ...zeroRows,
  ...zeroStatistic,
];

function nonFinite(parameters: Record<string, string | number>, spec: ForwardSpec): Case {
  return forwardCase(caseId('forward/non-finite', parameters), { ...spec, promises: ['nonFinite'] });
}

function spoiled(draw: (random: Random, count: number) => Float32Array, value: number): Distribution {
  return (random, count) => {
    const numbers = Float64Array.from(draw(random, count));
    numbers[Math.floor(count / 3)] = value;
    return numbers;
  };
}
