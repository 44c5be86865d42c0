import { rmsNorm, type Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../case/case.ts';
import { read, type Tensors, withTensors } from '../case/tensors.ts';
import { NO_TERMS, type Terms, type Tolerance, toleranceOf } from '../expected/bounds.ts';
import { compareForward, compareRstd, type ForwardCheck } from '../expected/compare-forward.ts';
import type { ForwardOperands } from '../expected/exact-forward.ts';
import type { Elements } from '../inputs/elements.ts';
import { type ForwardInputs, type ForwardSpec, inputsOf, termsOf } from './forward-spec.ts';
import { normInputs, rstdOutput, weightTensors } from './operands.ts';
import type { Judgement, OperationModel, PreparedCall, Results } from './operation-model.ts';
import { operationCase, verify } from './run-call.ts';

export const FORWARD: OperationModel<ForwardSpec> = {
  op: 'forward',
  prepare: (spec, random) => preparedForward(inputsOf(spec, random)),
};

/** The call of forward on these inputs. */
function preparedForward(inputs: ForwardInputs): PreparedCall {
  const { spec, shape, options, x, operands } = inputs;
  return {
    inputs: normInputs(inputs),
    outputs: {
      y: { dtype: x.dtype, shape },
      ...rstdOutput(inputs),
    },
    call({ x, ...rest }, { y, rstd }) {
      const targets = { ...(y && { out: y }), ...(rstd && { rstd }) };
      return { y: rmsNorm(x!, { ...options, ...weightTensors(rest), ...targets }) };
    },
    compare: (results, judgement) =>
      compareNorm(results, { operands, shape, terms: termsOf(inputs), lookAt: spec.lookAt }, judgement),
  };
}

interface NormCheck {
  readonly operands: ForwardOperands;
  readonly shape: readonly number[];
  readonly terms: Terms;
  readonly lookAt?: string | undefined;
}

/** Holds y, and rstd where it was asked for, against forward on `operands`. */
export function compareNorm(
  { y, rstd }: Results,
  { operands, shape, terms, lookAt }: NormCheck,
  { accuracy, stale, observe }: Judgement,
): void {
  const tolerance = toleranceOf(accuracy, terms);
  compareForward(y!, { operands, shape, tolerance, lookAt, stale, observe });
  if (rstd) compareRstd(rstd, operands, toleranceOf(accuracy, NO_TERMS));
}

/** The case that runs `spec` once and compares. */
export function forwardCase(id: string, spec: ForwardSpec): Case {
  return operationCase(id, FORWARD, spec);
}

/** Runs the forward and holds y, and rstd where the spec asks for it, against the exact result. */
export function verifyForward(subject: Subject, inputs: ForwardInputs): Promise<void> {
  return verify(subject, preparedForward(inputs));
}

/** The bound that the backend's class of accuracy gives for these inputs. */
export function toleranceFor(subject: Subject, inputs: Pick<ForwardInputs, 'options' | 'beta'>): Tolerance {
  return toleranceOf(subject.backend.supports.accuracy, termsOf(inputs));
}

/** Holds `values` against y of the inputs, for cases that run a forward in a way of their own. */
export function compareY(
  subject: Subject,
  inputs: ForwardInputs,
  values: ArrayLike<number>,
  more: Pick<ForwardCheck, 'what' | 'stale' | 'lookAt'> = {},
): void {
  const { operands, shape } = inputs;
  compareForward(values, { operands, shape, tolerance: toleranceFor(subject, inputs), ...more });
}

/** Tensors to write to. */
export interface Targets {
  readonly out?: Tensor;
  readonly rstd?: Tensor;
}

/** Uploads everything, or all but an x that is there, and enqueues the forward. */
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
