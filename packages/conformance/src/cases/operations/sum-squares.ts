import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { constant, heavyTailed, normal, oneAt } from '../../inputs/distributions.ts';
import { operationCase } from '../../operations/run-call.ts';
import { SUM_SQUARES } from '../../operations/sharded.ts';
import { shapeCases } from './families.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

/** Shapes, and rows on which sums go wrong. There are no options to try: weights, eps and casting play no part. */
const valueCases: readonly Case[] = [
  ...shapeCases(SUM_SQUARES, { extra: { gamma: null } }),
  ...Object.entries({ constant, heavy: heavyTailed }).flatMap(([name, x]) =>
    [127, 4096, 65536].flatMap((size) =>
      [
        { shape: [2, size], options: { dim: size, axis: -1 } },
        { shape: [1, size, 3], options: { dim: size } },
      ].map((layout) =>
        operationCase(caseId('sumSquares/sums', { row: name, shape: showShape(layout.shape) }), SUM_SQUARES, {
          ...layout,
          x,
          gamma: null,
          lookAt: 'no chain of float32 additions may be longer than 4, or than a block of 8 before a tree',
        }),
      ),
    ),
  ),
];

/** Totals near both ends of the range in which they must be accurate, and beyond. */
const extremeCases: readonly Case[] = [
  2 ** 60,
  2 ** 62,
  2 ** 64,
  1e30,
  2 ** -47,
  2 ** -49,
  2 ** -51,
  1e-20,
  1e-30,
].flatMap((factor) =>
  [
    { shape: [16, 5], options: { dim: 5, axis: -1 } },
    { shape: [2, 64, 3], options: { dim: 64 } },
    { shape: [3, 1000], options: { dim: 1000, axis: -1 } },
  ].map((layout) =>
    operationCase(
      caseId('sumSquares/extremes', { x: factor.toExponential(1), shape: showShape(layout.shape) }),
      SUM_SQUARES,
      {
        ...layout,
        x: (random, count) => normal()(random, count).map((value, i) => value * factor * 2 ** ((i % 16) / 8)),
        gamma: null,
        promises: ['extremes'],
        lookAt: 'a total in [size * 2^-98, 2^126] is as accurate as any; beyond it is 0 or infinite, or right',
      },
    ),
  ),
);

const nonFiniteCases: readonly Case[] = [NAN, INF, -INF].map((value) =>
  operationCase(caseId('sumSquares/non-finite', { x: value }), SUM_SQUARES, {
    shape: [5, 33],
    options: { dim: 33, axis: -1 },
    x: oneAt(40, value),
    gamma: null,
    promises: ['nonFinite'],
  }),
);

/** sumSquares: sums that are nearly exact, also near both ends of the range of float32. */
export const sumSquaresCases: readonly Case[] = [...valueCases, ...extremeCases, ...nonFiniteCases];
