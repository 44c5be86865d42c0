import { type FloatDType, type Guarantee, type RMSNormOptions, rmsNorm, type Tensor } from '@rmsnorm/core';
import type { Case, Requirements, Subject } from '../case/case.ts';
import { read, type Tensors, withTensors } from '../case/tensors.ts';
import { type Tolerance, toleranceOf } from '../expected/bounds.ts';
import { compareForward, compareRstd } from '../expected/compare-forward.ts';
import type { Operands } from '../expected/exact-forward.ts';
import { arrange, featuresNeeded } from '../expected/normalization.ts';
import { betaOf, type Distribution, type Elements, elements, gammaOf, normal } from '../inputs/distributions.ts';
import type { Random } from '../inputs/random.ts';

/** Options of the norm; gamma and beta are separate. */
export type ForwardOptions = Omit<RMSNormOptions, 'affine' | 'bias'>;

/** A forward as data: from it follow its inputs, what it needs of a backend, and the exact result. */
export interface ForwardSpec {
  readonly shape: readonly number[];
  readonly options: ForwardOptions;
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
  readonly operands: Operands;
}

/** Tensors to write to. */
export interface Targets {
  readonly out?: Tensor;
  readonly rstd?: Tensor;
}

/** `family:name=value,...`: the id of a case. */
export function caseId(family: string, parameters: Readonly<Record<string, string | number>>): string {
  const list = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `${family}:${list.join(',')}`;
}

/** A shape as it stands in an id: `2x4096`. */
export function showShape(shape: readonly number[]): string {
  return shape.join('x');
}

/** What a backend must declare to run `spec`. */
export function requirementsOf(spec: ForwardSpec): Requirements {
  const arrangement = arrange(spec.options, spec.shape);
  return {
    op: 'forward',
    dtypes: [spec.dtype ?? 'float32'],
    features: featuresNeeded(arrangement, { beta: spec.beta != null, rstd: spec.rstd === true }),
    promises: spec.promises ?? [],
  };
}

/** Draws the numbers of `spec`. */
export function inputsOf(spec: ForwardSpec, random: Random): ForwardInputs {
  const { shape, options, dtype = 'float32' } = spec;
  const arrangement = arrange(options, shape);
  const { outer, groups, size, inner } = arrangement;
  const features = groups * size;
  const x = elements(
    dtype,
    (spec.x ?? normal())(random, outer * features * inner),
    spec.subnormals ? 'subnormal' : 'normal',
  );
  const gamma = spec.gamma === null ? null : weights(spec.gamma ?? gammaOf, random, features);
  const beta = spec.beta == null ? null : weights(spec.beta === true ? betaOf : spec.beta, random, features);
  return { spec, shape, options, x, gamma, beta, operands: { dtype, arrangement, x: x.values, gamma, beta } };
}

function weights(draw: Distribution | typeof gammaOf, random: Random, features: number): Float32Array {
  return Float32Array.from(draw(random, features));
}

/** The bound that the backend's class of accuracy gives for these inputs. */
export function toleranceFor(subject: Subject, { options, beta }: Pick<ForwardInputs, 'options' | 'beta'>): Tolerance {
  const { accuracy } = subject.backend.supports;
  return toleranceOf(accuracy, { weightOffset: (options.weightOffset ?? 0) !== 0, beta: beta !== null });
}

/** Uploads everything and enqueues the forward. */
export function enqueue(tensors: Tensors, inputs: ForwardInputs, targets: Targets = {}, x?: Tensor): Tensor {
  const { shape, options, gamma, beta } = inputs;
  const source = x ?? tensors.of(inputs.x, shape);
  const y = rmsNorm(source, {
    ...options,
    ...(gamma && { gamma: tensors.float32(gamma) }),
    ...(beta && { beta: tensors.float32(beta) }),
    ...targets,
  });
  return y === targets.out ? y : tensors.keep(y);
}

/** Runs the forward and gives back what came out. */
export async function forward(subject: Subject, inputs: ForwardInputs): Promise<Elements> {
  return withTensors(subject.backend, (tensors) => read(enqueue(tensors, inputs)));
}

/** Shape of rstd. */
export function rstdShape({ operands }: Pick<ForwardInputs, 'operands'>): readonly number[] {
  const { outer, groups, inner } = operands.arrangement;
  return [outer, groups, inner];
}

/** Runs the forward and holds y, and rstd where the spec asks for it, against the exact result. */
export async function verifyForward(subject: Subject, inputs: ForwardInputs): Promise<void> {
  const { spec, operands, shape } = inputs;
  const tolerance = toleranceFor(subject, inputs);
  await withTensors(subject.backend, async (tensors) => {
    const rstd = spec.rstd ? tensors.empty(rstdShape(inputs)) : null;
    const y = enqueue(tensors, inputs, rstd ? { rstd } : {});
    const { values } = await read(y);
    compareForward(values, { operands, shape, tolerance, ...(spec.lookAt && { lookAt: spec.lookAt }) });
    if (rstd) compareRstd((await read(rstd)).values, operands, toleranceOf(tolerance.accuracy, NO_TERMS));
  });
}

const NO_TERMS = { weightOffset: false, beta: false };

/** The case that runs `spec` once and compares. */
export function forwardCase(id: string, spec: ForwardSpec): Case {
  return {
    id,
    requires: requirementsOf(spec),
    run: (subject) => verifyForward(subject, inputsOf(spec, subject.random)),
  };
}
