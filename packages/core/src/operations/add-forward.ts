import type { Tensor } from '../backend/backend.ts';
import type { BackendInternals } from '../backend/internals.ts';
import { operandsByName } from '../driver/operations.ts';
import { isEmpty, type Problem } from '../driver/problem.ts';
import { type Form, innerKeys, keysOf } from '../values/keys.ts';
import { CheckedOperands } from './checked-operands.ts';
import type { WeightBuffers } from './weights.ts';

export interface AddForwardTargets {
  /** Shape and dtype of x; each may be x or residual, but not both the same. */
  readonly out?: AddForwardOut | undefined;
  /** float32, [outer, groups, inner]: receives r / alpha of the sum. */
  readonly rstd?: Tensor | undefined;
}

interface AddForwardOut {
  readonly y?: Tensor | undefined;
  readonly sum?: Tensor | undefined;
}

/** @template X the tensor that was given */
export interface AddForwardResult<X extends Tensor = Tensor> {
  readonly y: X;
  /** x + residual, rounded to their dtype. */
  readonly sum: X;
}

const OPERANDS = operandsByName('addForward');

const OUT = {
  name: "addForward's out",
  keys: keysOf<AddForwardOut>({ y: true, sum: true }),
  tensor: '{ y: tensor }',
  copy: ({ y, sum }: AddForwardOut): AddForwardOut => ({ y, sum }),
} satisfies Form;

export const ADD_FORWARD_TARGETS: Form = {
  name: "addForward's targets",
  keys: keysOf<AddForwardTargets>({ out: true, rstd: true }),
  out: OUT,
  tensor: '{ out: { y: tensor } }',
  copy: ({ out, rstd }: AddForwardTargets): AddForwardTargets => ({ out: innerKeys(out, OUT), rstd }),
};

/** addForward of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runAddForward<B, X extends Tensor>(
  internals: BackendInternals<B>,
  problem: Problem,
  x: X,
  residual: Tensor,
  weights: WeightBuffers<B>,
  targets: AddForwardTargets,
): AddForwardResult<X> {
  const operands = new CheckedOperands(internals, problem, x.shape);
  try {
    const source = operands.input(OPERANDS.x, x);
    const added = operands.input(OPERANDS.residual, residual);
    const { gamma, beta } = operands.weights(weights);
    const rstd = operands.optionalOutput(OPERANDS.rstd, targets.rstd);
    const sum = operands.output(OPERANDS.sum, targets.out?.sum);
    const y = operands.output(OPERANDS.y, targets.out?.y);
    if (!isEmpty(problem)) {
      const io = { x: source, residual: added, gamma, beta, y: y.buffer, sum: sum.buffer, rstd };
      internals.driver.addForward!(problem, io);
    }
    return { y: y.tensor as X, sum: sum.tensor as X };
  } catch (error) {
    throw operands.undo(error);
  }
}
