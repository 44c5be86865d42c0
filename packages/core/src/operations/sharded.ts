import type { Tensor, WithDType } from '../backend/backend.ts';
import type { BackendInternals } from '../backend/internals.ts';
import { operandsByName } from '../driver/operations.ts';
import { isEmpty, type Problem, type ScaleByProblem } from '../driver/problem.ts';
import { type Form, keysOf } from '../values/keys.ts';
import { CheckedOperands } from './checked-operands.ts';
import type { WeightBuffers } from './weights.ts';

export interface ScaleByTargets {
  /** Shape and dtype of x; may be x itself. */
  readonly out?: Tensor | undefined;
}

const SUM_SQUARES = operandsByName('sumSquares');
const SCALE_BY = operandsByName('scaleBy');

export const SCALE_BY_TARGETS: Form = {
  name: "scaleBy's targets",
  keys: keysOf<ScaleByTargets>({ out: true }),
  tensor: '{ out: tensor }',
  copy: ({ out }: ScaleByTargets): ScaleByTargets => ({ out }),
};

/** sumSquares of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runSumSquares<B, X extends Tensor>(
  internals: BackendInternals<B>,
  problem: Problem,
  x: X,
): WithDType<X, 'float32'> {
  const operands = new CheckedOperands(internals, problem, x.shape);
  try {
    const source = operands.input(SUM_SQUARES.x, x);
    const sums = operands.output(SUM_SQUARES.sums, undefined);
    if (!isEmpty(problem)) internals.driver.sumSquares!(problem, { x: source, sums: sums.buffer });
    return sums.tensor as WithDType<X, 'float32'>;
  } catch (error) {
    throw operands.undo(error);
  }
}

/** scaleBy of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runScaleBy<B, X extends Tensor>(
  internals: BackendInternals<B>,
  problem: ScaleByProblem,
  x: X,
  sums: Tensor,
  weights: WeightBuffers<B>,
  { out }: ScaleByTargets,
): X {
  const operands = new CheckedOperands(internals, problem, x.shape);
  try {
    const source = operands.input(SCALE_BY.x, x);
    const statistic = operands.input(SCALE_BY.sums, sums);
    const { gamma, beta } = operands.weights(weights);
    const y = operands.output(SCALE_BY.y, out, 'out');
    if (!isEmpty(problem)) {
      internals.driver.scaleBy!(problem, { x: source, sums: statistic, gamma, beta, y: y.buffer });
    }
    return y.tensor as X;
  } catch (error) {
    throw operands.undo(error);
  }
}
