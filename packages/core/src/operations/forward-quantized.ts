import type { Tensor, WithDType } from '../backend/backend.ts';
import type { BackendInternals } from '../backend/internals.ts';
import { operandsByName } from '../driver/operations.ts';
import { isEmpty, type QuantizedProblem } from '../driver/problem.ts';
import { type Form, innerKeys, keysOf } from '../values/keys.ts';
import { CheckedOperands } from './checked-operands.ts';
import type { WeightBuffers } from './weights.ts';

export interface QuantizedTargets {
  /** One scale for everything; without it each (outer, inner) gets its own. */
  readonly scale?: number | undefined;
  /** `q`: int8, shaped as x. `scales`: float32, [outer, inner]. */
  readonly out?: QuantizedOut | undefined;
}

interface QuantizedOut {
  readonly q?: Tensor | undefined;
  readonly scales?: Tensor | undefined;
}

/** @template X the tensor that was given */
export interface QuantizedResult<X extends Tensor = Tensor> {
  /** int8, shaped as x: y is about q * scale. */
  readonly q: WithDType<X, 'int8'>;
  /** float32, [outer, inner]. */
  readonly scales: WithDType<X, 'float32'>;
}

const OPERANDS = operandsByName('forwardQuantized');

const OUT = {
  name: "forwardQuantized's out",
  keys: keysOf<QuantizedOut>({ q: true, scales: true }),
  tensor: '{ q: tensor }',
  copy: ({ q, scales }: QuantizedOut): QuantizedOut => ({ q, scales }),
} satisfies Form;

export const QUANTIZED_TARGETS: Form = {
  name: "forwardQuantized's targets",
  keys: keysOf<QuantizedTargets>({ scale: true, out: true }),
  out: OUT,
  tensor: '{ out: { q: tensor } }',
  copy: ({ scale, out }: QuantizedTargets): QuantizedTargets => ({ scale, out: innerKeys(out, OUT) }),
};

/** forwardQuantized of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runForwardQuantized<B, X extends Tensor>(
  internals: BackendInternals<B>,
  problem: QuantizedProblem,
  x: X,
  weights: WeightBuffers<B>,
  { out }: Pick<QuantizedTargets, 'out'>,
): QuantizedResult<X> {
  const operands = new CheckedOperands(internals, problem, x.shape);
  try {
    const source = operands.input(OPERANDS.x, x);
    const { gamma, beta } = operands.weights(weights);
    const q = operands.output(OPERANDS.q, out?.q);
    const scales = operands.output(OPERANDS.scales, out?.scales);
    if (!isEmpty(problem)) {
      internals.driver.forwardQuantized!(problem, { x: source, gamma, beta, q: q.buffer, scales: scales.buffer });
    }
    return { q: q.tensor as WithDType<X, 'int8'>, scales: scales.tensor as WithDType<X, 'float32'> };
  } catch (error) {
    throw operands.undo(error);
  }
}
