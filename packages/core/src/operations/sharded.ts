import type { Tensor } from '../backend/backend.ts';
import type { BackendInternals } from '../backend/internals.ts';
import { operandsByName } from '../driver/operations.ts';
import { isEmpty, type Problem, type ScaleByProblem } from '../driver/problem.ts';
import { CheckedOperands } from './checked-operands.ts';
import type { WeightBuffers } from './weights.ts';

export interface ScaleByTargets {
  /** Shape and dtype of x; may be x itself. */
  readonly out?: Tensor | undefined;
}

const SUM_SQUARES = operandsByName('sumSquares');
const SCALE_BY = operandsByName('scaleBy');

/** sumSquares of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runSumSquares<B>(internals: BackendInternals<B>, problem: Problem, x: Tensor): Tensor {
  const operands = new CheckedOperands(internals, problem, x.shape);
  try {
    const source = operands.input(SUM_SQUARES.x, x);
    const sums = operands.output(SUM_SQUARES.sums, undefined);
    if (!isEmpty(problem)) internals.driver.sumSquares!(problem, { x: source, sums: sums.buffer });
    return sums.tensor;
  } catch (error) {
    throw operands.undo(error);
  }
}

/** scaleBy of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runScaleBy<B>(
  internals: BackendInternals<B>,
  problem: ScaleByProblem,
  x: Tensor,
  sums: Tensor,
  weights: WeightBuffers<B>,
  { out }: ScaleByTargets,
): Tensor {
  const operands = new CheckedOperands(internals, problem, x.shape);
  try {
    const source = operands.input(SCALE_BY.x, x);
    const statistic = operands.input(SCALE_BY.sums, sums);
    const { gamma, beta } = operands.weights(weights);
    const y = operands.output(SCALE_BY.y, out, 'out');
    if (!isEmpty(problem)) {
      internals.driver.scaleBy!(problem, { x: source, sums: statistic, gamma, beta, y: y.buffer });
    }
    return y.tensor;
  } catch (error) {
    throw operands.undo(error);
  }
}
