import type { FloatDType, Op, RMSNormOptions } from '@rmsnorm/core';
import fc from 'fast-check';
import type { Subject } from '../../case/case.ts';
import { showShape } from '../../case/case-id.ts';
import { dtypesOf, featuresOf } from '../../case/supported.ts';
import { normalizationOf } from '../../expected/normalization.ts';
import { normal } from '../../inputs/distributions.ts';
import { type ForwardSpec, requirementsOf } from '../../operations/forward-spec.ts';

/** Specs of a random shape, up to rank 6, of which the backend declares everything. */
export function anyForward({ backend: { supports } }: Subject, op: Op = 'forward'): fc.Arbitrary<ForwardSpec> {
  const dtypes = dtypesOf(supports, op) as FloatDType[];
  const features = featuresOf(supports, op);
  const outer = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 });
  const length = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 600 }));
  const dims = fc.array(length, { minLength: 1, maxLength: 2 });
  const inner = features.includes('inner')
    ? fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 2 })
    : fc.constant([]);
  const where = <T>(declared: boolean, value: fc.Arbitrary<T>, otherwise: T): fc.Arbitrary<T> =>
    declared ? fc.oneof(fc.constant(otherwise), value) : fc.constant(otherwise);

  return fc
    .record({
      dtype: fc.constantFrom(...dtypes),
      outer,
      dims,
      inner,
      fromTheEnd: fc.boolean(),
      groups: where(features.includes('groups'), fc.nat(), 0),
      eps: fc.constantFrom(0, 1e-12, 1e-6, 1e-5, 0.01, 3),
      clamp: where(features.includes('clamp'), fc.boolean(), false),
      scale: fc.constantFrom(undefined, 1, -2, 0.125, 3.7),
      partial: where(features.includes('partial'), fc.constantFrom(0.5, 0.25, 0.9, 0.01), 1),
      weightOffset: where(features.includes('weightOffset'), fc.constantFrom(1, -0.5, 0.3), 0),
      casting: where(features.includes('llama'), fc.constant('llama' as const), 'gemma' as const),
      gamma: fc.boolean(),
      beta: where(features.includes('beta'), fc.boolean(), false),
      rstd: where(features.includes('rstd'), fc.boolean(), false),
      factor: fc.constantFrom(1, 0.01, 100),
    })
    .map((drawn): ForwardSpec => {
      const { scale, clamp } = drawn;
      const shape = [...drawn.outer, ...drawn.dims, ...drawn.inner];
      const axis = drawn.fromTheEnd ? drawn.outer.length - shape.length : drawn.outer.length;
      const total = drawn.dims.reduce((product, dim) => product * dim, 1);
      const divisors = Array.from({ length: Math.min(total, 64) }, (_, i) => i + 1).filter((i) => total % i === 0);
      const options: RMSNormOptions = {
        dim: drawn.dims.length === 1 ? drawn.dims[0]! : drawn.dims,
        axis,
        groups: divisors[drawn.groups % divisors.length]!,
        eps: drawn.eps,
        epsMode: clamp ? 'clamp' : 'add',
        partial: clamp ? 1 : drawn.partial,
        weightOffset: drawn.gamma ? drawn.weightOffset : 0,
        casting: drawn.casting,
        ...(scale !== undefined && { scale }),
      };
      return {
        dtype: drawn.dtype,
        shape,
        options,
        x: normal(drawn.factor),
        ...(drawn.gamma ? {} : { gamma: null }),
        beta: drawn.beta ? true : null,
        rstd: drawn.rstd,
        lookAt: `${showShape(shape)} as ${JSON.stringify(normalizationOf(options, shape))}`,
      };
    })
    .filter((spec) => spec.shape.reduce((product, count) => product * count, 1) <= 100_000)
    .filter((spec) => (requirementsOf(spec).features ?? []).every((feature) => features.includes(feature)));
}
