import type { Casting, Feature, FloatDType, Op, RMSNormOptions } from '@rmsnorm/core';
import fc from 'fast-check';
import type { Subject } from '../../case/case.ts';
import { showShape } from '../../case/case-id.ts';
import { dtypesOf, featuresOf } from '../../case/supported.ts';
import { countOf, normalizationOf } from '../../expected/normalization.ts';
import { normal } from '../../inputs/distributions.ts';
import { type ForwardSpec, requirementsOf } from '../../operations/forward-spec.ts';

/** What is drawn, each independent of the others; {@link specOf} makes a spec of it. */
interface Drawn {
  readonly dtype: FloatDType;
  /** Lengths of the axes before, of and after those that are normalized. */
  readonly outer: readonly number[];
  readonly dims: readonly number[];
  readonly inner: readonly number[];
  /** Whether `axis` counts from the end. */
  readonly fromTheEnd: boolean;
  /** Picks one of the divisors of the number of features. */
  readonly groups: number;
  readonly eps: number;
  readonly clamp: boolean;
  readonly scale: number | undefined;
  readonly partial: number;
  readonly weightOffset: number;
  readonly casting: Casting;
  readonly gamma: boolean;
  readonly beta: boolean;
  readonly rstd: boolean;
  /** Standard deviation of x. */
  readonly factor: number;
}

/** Specs of a random shape, up to rank 6, of which the backend declares everything. */
export function anyForward({ backend: { supports } }: Subject, op: Op = 'forward'): fc.Arbitrary<ForwardSpec> {
  const features = featuresOf(supports, op);
  const length = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 600 }));
  const has = (feature: Feature): boolean => features.includes(feature);
  const ifDeclared = <T>(feature: Feature, value: fc.Arbitrary<T>, otherwise: T): fc.Arbitrary<T> =>
    has(feature) ? fc.oneof(fc.constant(otherwise), value) : fc.constant(otherwise);

  const drawn: fc.Arbitrary<Drawn> = fc.record({
    dtype: fc.constantFrom(...dtypesOf(supports, op)),
    outer: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
    dims: fc.array(length, { minLength: 1, maxLength: 2 }),
    inner: has('inner') ? fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 2 }) : fc.constant([]),
    fromTheEnd: fc.boolean(),
    groups: ifDeclared('groups', fc.nat(), 0),
    eps: fc.constantFrom(0, 1e-12, 1e-6, 1e-5, 0.01, 3),
    clamp: ifDeclared('clamp', fc.boolean(), false),
    scale: fc.constantFrom(undefined, 1, -2, 0.125, 3.7),
    partial: ifDeclared('partial', fc.constantFrom(0.5, 0.25, 0.9, 0.01), 1),
    weightOffset: ifDeclared('weightOffset', fc.constantFrom(1, -0.5, 0.3), 0),
    casting: ifDeclared('llama', fc.constant<Casting>('llama'), 'gemma'),
    gamma: fc.boolean(),
    beta: ifDeclared('beta', fc.boolean(), false),
    rstd: ifDeclared('rstd', fc.boolean(), false),
    factor: fc.constantFrom(1, 0.01, 100),
  });
  return drawn
    .map(specOf)
    .filter(({ shape }) => countOf(shape) <= 100_000)
    .filter((spec) => (requirementsOf(spec).features ?? []).every(has));
}

function specOf(drawn: Drawn): ForwardSpec {
  const { outer, dims, inner, scale, clamp } = drawn;
  const shape = [...outer, ...dims, ...inner];
  const features = countOf(dims);
  const divisors = Array.from({ length: Math.min(features, 64) }, (_, i) => i + 1).filter((i) => features % i === 0);
  const options: RMSNormOptions = {
    dim: dims.length === 1 ? dims[0]! : dims,
    axis: drawn.fromTheEnd ? outer.length - shape.length : outer.length,
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
}
