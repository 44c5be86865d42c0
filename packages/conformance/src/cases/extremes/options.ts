import type { FloatDType } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { normal } from '../../inputs/distributions.ts';
import { forwardCase } from '../../operations/forward.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';

/** Options that a kernel applies to rows which it rescales. */
const VARIANTS: Readonly<Record<string, Partial<ForwardSpec>>> = {
  partial: { options: { dim: 0, partial: 0.5 } },
  clamp: { options: { dim: 0, epsMode: 'clamp' } },
  scale: { options: { dim: 0, scale: -0.25 } },
  offset: { options: { dim: 0, weightOffset: 1 } },
  llama: { options: { dim: 0, casting: 'llama' } },
  groups: { options: { dim: 0, groups: 4 } },
  beta: { beta: true },
  rstd: { rstd: true },
  'no-gamma': { gamma: null },
};

const LAYOUTS = [
  { shape: [5, 132], dim: 132 },
  { shape: [3, 44, 7], dim: 44 },
];

const ROWS: readonly { dtype: FloatDType; x: number }[] = [
  { dtype: 'float32', x: 1e30 },
  { dtype: 'float32', x: 1e-30 },
  { dtype: 'bfloat16', x: 1e30 },
  { dtype: 'bfloat16', x: 1e-30 },
];

/** An eps whose square vanishes, and rows whose norms are above it and below it. */
const smallClamps: readonly Case[] = [1e-20, 1e-22].flatMap((x) =>
  LAYOUTS.map(({ shape, dim }) =>
    forwardCase(caseId('forward/extremes', { option: 'clamp', eps: '1e-20', x, shape: showShape(shape) }), {
      shape,
      options: { dim, epsMode: 'clamp', eps: 1e-20 },
      x: normal(x),
      promises: ['extremes'],
      lookAt: 'in the units of a sum of squares eps counts as its square, and it is scaled as the row is',
    }),
  ),
);

const eachOption: readonly Case[] = Object.entries(VARIANTS).flatMap(([option, variant]) =>
  ROWS.flatMap(({ dtype, x }) =>
    LAYOUTS.map(({ shape, dim }) =>
      forwardCase(caseId('forward/extremes', { option, x: x.toExponential(), dtype, shape: showShape(shape) }), {
        ...variant,
        dtype,
        shape,
        options: { ...variant.options, dim, eps: 0 },
        x: normal(x),
        promises: ['extremes'],
        lookAt: 'rows whose squares overflow or vanish are redone on values scaled by a power of two, the rest as ever',
      }),
    ),
  ),
);

export const extremeOptionCases: readonly Case[] = [...eachOption, ...smallClamps];
