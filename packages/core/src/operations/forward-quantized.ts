import type { Tensor } from '../backend/backend.ts';
import type { BackendInternals } from '../backend/internals.ts';
import { operandsByName } from '../driver/operations.ts';
import { isEmpty, type QuantizedProblem } from '../driver/problem.ts';
import { CheckedOperands } from './checked-operands.ts';
import type { WeightBuffers } from './weights.ts';

export interface QuantizedTargets {
  /** One scale for everything; without it each (outer, inner) gets its own. */
  readonly scale?: number | null | undefined;
  /** `q`: int8, shaped as x. `scales`: float32, [outer, inner]. */
  readonly out?: { readonly q?: Tensor | undefined; readonly scales?: Tensor | undefined } | undefined;
}

export interface QuantizedResult {
  /** int8, shaped as x: y is about q * scale. */
  readonly q: Tensor;
  /** float32, [outer, inner]. */
  readonly scales: Tensor;
}

const OPERANDS = operandsByName('forwardQuantized');

/** forwardQuantized of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runForwardQuantized<B>(
  internals: BackendInternals<B>,
  problem: QuantizedProblem,
  x: Tensor,
  weights: WeightBuffers<B>,
  { out }: Pick<QuantizedTargets, 'out'>,
): QuantizedResult {
  const operands = new CheckedOperands(internals, problem, x.shape);
  try {
    const source = operands.input(OPERANDS.x, x);
    const { gamma, beta } = operands.weights(weights);
    const q = operands.output(OPERANDS.q, out?.q);
    const scales = operands.output(OPERANDS.scales, out?.scales);
    if (!isEmpty(problem)) {
      internals.driver.forwardQuantized!(problem, { x: source, gamma, beta, q: q.buffer, scales: scales.buffer });
    }
    return { q: q.tensor, scales: scales.tensor };
  } catch (error) {
    throw operands.undo(error);
  }
}
