import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../../case/case.ts';
import { caseId, showShape } from '../../../case/case-id.ts';
import { featureOf, normalizationOf } from '../../../expected/normalization.ts';
import { cycle, normal, oneAt, zerosInTurn } from '../../../inputs/distributions.ts';
import { BACKWARD, type BackwardSpec } from '../../../operations/backward.ts';
import type { ForwardOptions, Layout } from '../../../operations/forward-spec.ts';
import { operationCase } from '../../../operations/run-call.ts';
import { COLUMNS, ROW } from './extremes.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

/** What a case adds to its layout. */
type Extra = Omit<Partial<BackwardSpec>, 'options'> & { readonly options?: Partial<ForwardOptions> };

const zeroRowCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [ROW, COLUMNS].flatMap((layout) => {
    const make = (name: string, extra: Extra): Case =>
      operationCase(`backward/zero-rows:${name},dtype=${dtype},shape=${showShape(layout.shape)}`, BACKWARD, {
        ...extra,
        shape: layout.shape,
        options: { ...layout.options, ...extra.options } as ForwardOptions,
        dtype,
        x: extra.x ?? zerosInTurn(layout.shape[0]!),
        beta: true,
      });
    const denominator: Extra = {
      dy: cycle([1, 0, -2, 0.5, -0]),
      promises: ['nonFinite'],
      lookAt: 'at a zero denominator dx is an infinity with the sign of dy * weight, or 0 where that is 0',
    };
    return [
      make('eps=1e-6', { lookAt: 'a zero row: dx = dy * w * alpha / sqrt(eps)' }),
      make('eps=1e-6,rstd=given', { rstd: true }),
      make('eps=1e-4,dsum=given', { options: { eps: 1e-4 }, dsum: true }),
      make('mode=clamp,eps=1e-3', { options: { epsMode: 'clamp', eps: 1e-3 } }),
      make('eps=0', { ...denominator, options: { eps: 0 } }),
      make('eps=0,scale=-2', { ...denominator, options: { eps: 0, scale: -2 } }),
      // The rest of the row is not zero: its gradients pass through the statistic of the part.
      ...[1, -2].map((scale) =>
        make(`eps=0,partial=0.5,scale=${scale}`, {
          ...denominator,
          options: { eps: 0, partial: 0.5, scale },
          x: (random, count) => normal()(random, count).map((value, i) => (isInStatistic(layout, i) ? 0 : value)),
        }),
      ),
      make('mode=clamp,eps=0', { ...denominator, options: { epsMode: 'clamp', eps: 0 } }),
    ];
  }),
);

const nonFiniteCases: readonly Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  [ROW, COLUMNS].flatMap((layout) => {
    const make = (what: string, extra: Partial<BackwardSpec>): Case =>
      operationCase(caseId('backward/non-finite', { of: what, dtype, shape: showShape(layout.shape) }), BACKWARD, {
        ...layout,
        ...extra,
        dtype,
        beta: true,
        promises: ['nonFinite'],
        lookAt: 'dx of another row changed, or dgamma or dbeta of a feature that the number does not enter',
      });
    return [
      make('x-nan', { x: oneAt(66, NAN) }),
      make('x-infinite', { x: oneAt(66, INF) }),
      make('dy-nan', { dy: oneAt(66, NAN) }),
      make('dy-infinite', { dy: oneAt(66, -INF) }),
      make('dsum-nan', { dsum: oneAt(66, NAN) }),
    ];
  }),
);

/** Whether the element at `flat` is in the first half of its row. */
function isInStatistic({ shape, options }: Layout, flat: number): boolean {
  const normalization = normalizationOf({ ...options, partial: 0.5 }, shape);
  return featureOf(normalization, flat) % normalization.size < normalization.statSize;
}

/** Zero rows, and rows with an infinity or a NaN. */
export const backwardNonFiniteCases: readonly Case[] = [...zeroRowCases, ...nonFiniteCases];
