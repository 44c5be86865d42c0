import type { FloatDType, Guarantee, Op, RMSNormOptions } from '@rmsnorm/core';
import type { Requirements } from '../case/case.ts';
import type { Terms } from '../expected/bounds.ts';
import type { ForwardOperands } from '../expected/exact-forward.ts';
import { featuresNeeded, normalizationOf } from '../expected/normalization.ts';
import { betaOf, type Distribution, gammaOf, normal } from '../inputs/distributions.ts';
import { type Elements, elements } from '../inputs/elements.ts';
import type { Random } from '../inputs/random.ts';

/** Options of the norm; gamma and beta are separate. */
export type ForwardOptions = Omit<RMSNormOptions, 'affine' | 'bias'>;

/** A tensor's shape, and options that say which of its axes are normalized. */
export interface Layout {
  readonly shape: readonly number[];
  readonly options: ForwardOptions;
}

/** A forward as data: from it follow its inputs, what it needs of a backend, and the exact result. */
export interface ForwardSpec extends Layout {
  /** float32 unless given. */
  readonly dtype?: FloatDType;
  /** Standard normal unless given. */
  readonly x?: Distribution;
  /** Keeps subnormals of x, which other cases avoid. */
  readonly subnormals?: boolean;
  /** Weights around 1 unless given; null for none. */
  readonly gamma?: Distribution | null;
  /** None unless given; `true` for standard normal numbers. */
  readonly beta?: Distribution | true | null;
  /** Asks for rstd, and checks it. */
  readonly rstd?: boolean;
  readonly promises?: readonly Guarantee[];
  /** For the message of a failure. */
  readonly lookAt?: string;
}

/** A spec with its numbers. */
export interface ForwardInputs {
  readonly spec: ForwardSpec;
  readonly shape: readonly number[];
  readonly options: ForwardOptions;
  readonly x: Elements;
  readonly gamma: Float32Array | null;
  readonly beta: Float32Array | null;
  readonly operands: ForwardOperands;
}

/** What a backend must declare to run `spec`, or another operation on the same operands and options. */
export function requirementsOf(spec: ForwardSpec, op: Op = 'forward'): Requirements {
  const extras = { beta: spec.beta != null, rstd: spec.rstd === true };
  return {
    op,
    dtypes: [spec.dtype ?? 'float32'],
    features: featuresNeeded(normalizationOf(spec.options, spec.shape), extras),
    promises: spec.promises ?? [],
  };
}

/** Draws the numbers of `spec`. */
export function inputsOf(spec: ForwardSpec, random: Random): ForwardInputs {
  const { shape, options, dtype = 'float32' } = spec;
  const normalization = normalizationOf(options, shape);
  const { outer, groups, size, inner } = normalization;
  const features = groups * size;
  const x = likeX(spec, spec.x ?? normal(), random, outer * features * inner);
  const gamma = spec.gamma === null ? null : weights(spec.gamma ?? gammaOf, random, features);
  const beta = spec.beta == null ? null : weights(spec.beta === true ? betaOf : spec.beta, random, features);
  return { spec, shape, options, x, gamma, beta, operands: { dtype, normalization, x: x.values, gamma, beta } };
}

/** Draws x, or an operand that is of the dtype of x. */
export function likeX(
  { dtype = 'float32', subnormals }: ForwardSpec,
  draw: Distribution,
  random: Random,
  count: number,
): Elements {
  return elements(dtype, draw(random, count), subnormals ? 'subnormal' : 'normal');
}

function weights(draw: Distribution | typeof gammaOf, random: Random, features: number): Float32Array {
  return Float32Array.from(draw(random, features));
}

/** The terms in addition to x * r * gamma: the bound depends on them. */
export function termsOf({ options, beta }: Pick<ForwardInputs, 'options' | 'beta'>): Terms {
  return { weightOffset: (options.weightOffset ?? 0) !== 0, beta: beta !== null };
}
