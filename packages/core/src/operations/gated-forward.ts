import type { Tensor } from '../backend/backend.ts';
import type { BackendInternals } from '../backend/internals.ts';
import { operandsByName } from '../driver/operations.ts';
import { type GatedProblem, isEmpty } from '../driver/problem.ts';
import { CheckedOperands } from './checked-operands.ts';
import type { ForwardTargets } from './forward.ts';
import type { WeightBuffers } from './weights.ts';

const OPERANDS = operandsByName('gatedForward');

/** gatedForward of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runGatedForward<B>(
  internals: BackendInternals<B>,
  problem: GatedProblem,
  x: Tensor,
  gate: Tensor,
  weights: WeightBuffers<B>,
  targets: ForwardTargets,
): Tensor {
  const operands = new CheckedOperands(internals, problem, x.shape);
  try {
    const source = operands.input(OPERANDS.x, x);
    const gating = operands.input(OPERANDS.gate, gate);
    const { gamma, beta } = operands.weights(weights);
    const rstd = operands.optionalOutput(OPERANDS.rstd, targets.rstd);
    const y = operands.output(OPERANDS.y, targets.out, 'out');
    if (!isEmpty(problem)) {
      internals.driver.gatedForward!(problem, { x: source, gate: gating, gamma, beta, y: y.buffer, rstd });
    }
    return y.tensor;
  } catch (error) {
    throw operands.undo(error);
  }
}
