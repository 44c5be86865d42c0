import { FLOAT_DTYPES } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { constant, normal } from '../../inputs/distributions.ts';
import { forwardCase } from '../../operations/forward.ts';
import type { ForwardOptions, ForwardSpec, Layout } from '../../operations/forward-spec.ts';

type Variant = Omit<ForwardSpec, 'shape' | 'options' | 'dtype'> & { options?: Partial<ForwardOptions> };

/** Every option by itself, and those that meet in a kernel together. */
const VARIANTS: Readonly<Record<string, Variant>> = {
  'eps=0': { options: { eps: 0 } },
  'eps=1e-12': { options: { eps: 1e-12 } },
  'eps=1e-5': { options: { eps: 1e-5 }, x: normal(0.003) },
  'eps=0.1': { options: { eps: 0.1 } },
  'eps=1e6': { options: { eps: 1e6 } },
  'mode=clamp,eps=1e-12': { options: { epsMode: 'clamp', eps: 1e-12 } },
  'mode=clamp,eps=1000': { options: { epsMode: 'clamp', eps: 1000 } },
  'mode=clamp,eps=0': { options: { epsMode: 'clamp', eps: 0 } },
  'scale=1': { options: { scale: 1 } },
  'scale=-2.5': { options: { scale: -2.5 } },
  'scale=1e-3': { options: { scale: 1e-3 } },
  'partial=0.5': { options: { partial: 0.5 } },
  'partial=0.0625': { options: { partial: 0.0625 } },
  'partial=0.999': { options: { partial: 0.999 } },
  'partial=1e-9': { options: { partial: 1e-9 } },
  'gamma=none': { gamma: null },
  'beta=some': { beta: true },
  'gamma=none,beta=some': { gamma: null, beta: true },
  'offset=1': { options: { weightOffset: 1 } },
  'offset=-0.75': { options: { weightOffset: -0.75 } },
  'offset=1,beta=some': { options: { weightOffset: 1 }, beta: true },
  'casting=llama': { options: { casting: 'llama' } },
  'casting=llama,gamma=none': { options: { casting: 'llama' }, gamma: null },
  'casting=llama,beta=some': { options: { casting: 'llama' }, beta: true },
  'casting=llama,offset=1': { options: { casting: 'llama', weightOffset: 1 } },
  'casting=llama,partial=0.5,scale=3': { options: { casting: 'llama', partial: 0.5, scale: 3 } },
  'partial=0.3,offset=1,beta=some,eps=0.01': { options: { partial: 0.3, weightOffset: 1, eps: 0.01 }, beta: true },
  'mode=clamp,offset=1,beta=some,scale=0.5': {
    options: { epsMode: 'clamp', eps: 1e-12, weightOffset: 1, scale: 0.5 },
    beta: true,
  },
  'rstd=asked': { rstd: true },
  'rstd=asked,scale=0.25': { rstd: true, options: { scale: 0.25 } },
  'rstd=asked,mode=clamp': { rstd: true, options: { epsMode: 'clamp', eps: 1e-12 } },
  'rstd=asked,partial=0.5': { rstd: true, options: { partial: 0.5 } },
};

const LAYOUTS: readonly (Layout & { readonly name: string })[] = [
  { name: '5x130', shape: [5, 130], options: { dim: 130, axis: -1 } },
  { name: '2x4100', shape: [2, 4100], options: { dim: 4100, axis: -1 } },
  { name: '3x44x7', shape: [3, 44, 7], options: { dim: 44 } },
  { name: '2x36x5,groups=3', shape: [2, 36, 5], options: { dim: 36, groups: 3 } },
  { name: '3x96,groups=4', shape: [3, 96], options: { dim: 96, axis: -1, groups: 4 } },
];

/** Every option in every dtype and several layouts. */
export const variantCases: readonly Case[] = Object.entries(VARIANTS).flatMap(([name, { options, ...rest }]) =>
  FLOAT_DTYPES.flatMap((dtype) =>
    LAYOUTS.map((layout) =>
      forwardCase(`forward/options:${name},dtype=${dtype},shape=${layout.name}`, {
        ...rest,
        dtype,
        shape: layout.shape,
        options: { ...layout.options, ...options },
      }),
    ),
  ),
);

/** One eps is told from another by a constant row that it dominates. */
export const dominatedCases: readonly Case[] = [1e-12, 1e-8, 2 ** -23, 1e-6, 1e-5].map((eps) =>
  forwardCase(caseId('forward/options', { eps: eps.toExponential(1), row: 'tiny' }), {
    shape: [2, 64],
    options: { dim: 64, axis: -1, eps },
    x: (random, count) => constant(random, count).map((value) => value * 1e-4),
    lookAt: 'eps belongs inside the root, beside the mean of the squares',
  }),
);
