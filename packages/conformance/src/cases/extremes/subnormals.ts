import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import { forwardCase } from '../../operations/forward.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';
import { LOOK_AT } from './magnitudes.ts';

/** Rows of subnormal numbers. */
export const subnormalCases: readonly Case[] = [
  { dtype: 'float32' as const, factor: 4e-39, eps: 0 },
  { dtype: 'float32' as const, factor: 1e-41, eps: 0 },
  { dtype: 'float32' as const, factor: 1.4e-45, eps: 0 },
  { dtype: 'bfloat16' as const, factor: 4e-39, eps: 0 },
  { dtype: 'float16' as const, factor: 1e-5, eps: 1e-12 },
  { dtype: 'float16' as const, factor: 6e-8, eps: 0 },
].flatMap(({ dtype, factor, eps }) =>
  [
    [3, 5],
    [2, 127],
    [2, 12, 3],
  ].map((shape): Case => {
    const spec: ForwardSpec = {
      dtype,
      shape,
      options: { dim: shape[1]!, axis: 1, eps },
      x: (random, count) =>
        Float64Array.from({ length: count }, () => factor * random.integer(1, 3) * random.pick([-1, 1])),
      subnormals: true,
      promises: ['extremes', 'subnormals'],
      lookAt: LOOK_AT,
    };
    return forwardCase(caseId('forward/subnormals', { x: factor, eps, dtype, shape: showShape(shape) }), spec);
  }),
);
