import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { cycle, normal, oneAt } from '../../inputs/distributions.ts';
import type { ForwardOptions } from '../../operations/forward-spec.ts';
import { operationCase } from '../../operations/run-call.ts';
import { SCALE_BY, type ScaleBySpec } from '../../operations/sharded.ts';
import { optionCases, shapeCases } from './families.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

/** A statistic of a part of the features has no place where they are sharded. */
const isWhole = (name: string): boolean => !name.includes('partial');

const ownCases: readonly Case[] = [
  ...shapeCases(SCALE_BY, { extra: { others: 1000 } }),
  ...optionCases(SCALE_BY, { parameters: { others: 0 }, extra: { others: 0 } }, isWhole),
  ...optionCases(SCALE_BY, { parameters: { others: 77 }, extra: { others: 77 } }, isWhole),
];

type Extra = Omit<Partial<ScaleBySpec>, 'options'> & { readonly options?: Partial<ForwardOptions> };

const SUMS: Readonly<Record<string, Extra>> = {
  'sum=2^126': { sums: cycle([2 ** 126]), x: normal(2 ** 60) },
  'sum=2^-90,eps=0': { sums: cycle([2 ** -90]), x: normal(2 ** -48), options: { eps: 0 } },
  'sum=0,eps=1e-6': { sums: cycle([0]) },
  'sum=0,eps=0': { sums: cycle([0]), x: cycle([0, 1, -1]), options: { eps: 0 }, promises: ['nonFinite'] },
  'sum=Infinity': { sums: cycle([INF, 50]), x: normal(), promises: ['nonFinite'] },
  'sum=NaN': { sums: cycle([50, NAN]), promises: ['nonFinite'] },
  'x=Infinity': { x: oneAt(40, INF), sums: cycle([50, INF, 50]), promises: ['nonFinite'] },
};

const statisticCases: readonly Case[] = Object.entries(SUMS).flatMap(([name, { options, ...extra }]) =>
  FLOAT_DTYPES.filter((dtype) => dtype !== 'float16' || !name.includes('^')).map((dtype) =>
    operationCase(`scaleBy/statistics:${name},dtype=${dtype}`, SCALE_BY, {
      shape: [3, 33],
      others: 12,
      dtype,
      ...extra,
      options: { dim: 33, axis: -1, ...options },
    }),
  ),
);

/** scaleBy: shapes and options with other shards' features counted in, and sums of every kind. */
export const scaleByCases: readonly Case[] = [...ownCases, ...statisticCases];
