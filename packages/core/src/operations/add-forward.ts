import type { Tensor } from '../backend/backend.ts';
import type { BackendInternals } from '../backend/internals.ts';
import { operandsByName } from '../driver/operations.ts';
import { isEmpty, type Problem } from '../driver/problem.ts';
import { CheckedOperands } from './checked-operands.ts';
import type { WeightBuffers } from './weights.ts';

export interface AddForwardTargets {
  /** Shape and dtype of x; each may be x or residual, but not both the same. */
  readonly out?: { readonly y?: Tensor | undefined; readonly sum?: Tensor | undefined } | undefined;
  /** float32, [outer, groups, inner]: receives r / alpha of the sum. */
  readonly rstd?: Tensor | undefined;
}

export interface AddForwardResult {
  readonly y: Tensor;
  /** x + residual, rounded to their dtype. */
  readonly sum: Tensor;
}

const OPERANDS = operandsByName('addForward');

/** addForward of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runAddForward<B>(
  internals: BackendInternals<B>,
  problem: Problem,
  x: Tensor,
  residual: Tensor,
  weights: WeightBuffers<B>,
  targets: AddForwardTargets,
): AddForwardResult {
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
    return { y: y.tensor, sum: sum.tensor };
  } catch (error) {
    throw operands.undo(error);
  }
}
