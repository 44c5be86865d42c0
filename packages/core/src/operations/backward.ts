import type { Tensor, WithDType } from '../backend/backend.ts';
import type { BackendInternals } from '../backend/internals.ts';
import { type Operand, operandsByName } from '../driver/operations.ts';
import { isEmpty, type Problem } from '../driver/problem.ts';
import { RMSNormError } from '../values/errors.ts';
import { type Form, innerKeys, keysOf } from '../values/keys.ts';
import { CheckedOperands, type Output } from './checked-operands.ts';
import type { WeightBuffers } from './weights.ts';

export interface BackwardTargets {
  /** As forward wrote it: float32, [outer, groups, inner]. Computed again where it is not given. */
  readonly rstd?: Tensor | undefined;
  /** The gradient that reaches addForward's sum, shaped as x: added to dx. */
  readonly dsum?: Tensor | undefined;
  readonly out?: BackwardOut | undefined;
}

/** Where backward writes: tensors that are there already, so that nothing is allocated. */
export interface BackwardOut {
  /** Shape and dtype of x; may be dy or x. */
  readonly dx?: Tensor | undefined;
  /** float32, shaped as gamma: overwritten, not added to. */
  readonly dgamma?: Tensor | undefined;
  /** float32, shaped as beta: overwritten, not added to. */
  readonly dbeta?: Tensor | undefined;
}

/** @template X the tensor that was given */
export interface BackwardResult<X extends Tensor = Tensor> {
  readonly dx: X;
  /** float32, shaped as gamma; null where there is no gamma. */
  readonly dgamma: WithDType<X, 'float32'> | null;
  /** float32, shaped as beta; null where there is no beta. */
  readonly dbeta: WithDType<X, 'float32'> | null;
}

/** Shapes of gamma and beta, null where there is none, and their buffers. */
export interface BackwardWeights<B> extends WeightBuffers<B> {
  readonly gammaShape: readonly number[] | null;
  readonly betaShape: readonly number[] | null;
}

const OPERANDS = operandsByName('backward');

const OUT = {
  name: "backward's out",
  keys: keysOf<BackwardOut>({ dx: true, dgamma: true, dbeta: true }),
  tensor: '{ dx: tensor }',
  copy: ({ dx, dgamma, dbeta }: BackwardOut): BackwardOut => ({ dx, dgamma, dbeta }),
} satisfies Form;

export const BACKWARD_TARGETS: Form = {
  name: "backward's targets",
  keys: keysOf<BackwardTargets>({ rstd: true, dsum: true, out: true }),
  out: OUT,
  tensor: '{ out: { dx: tensor } }',
  copy: ({ rstd, dsum, out }: BackwardTargets): BackwardTargets => ({ rstd, dsum, out: innerKeys(out, OUT) }),
};

/** backward of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runBackward<B, X extends Tensor>(
  internals: BackendInternals<B>,
  problem: Problem,
  x: X,
  dy: Tensor,
  { gamma, beta, gammaShape, betaShape }: BackwardWeights<B>,
  targets: BackwardTargets,
): BackwardResult<X> {
  const operands = new CheckedOperands(internals, problem, x.shape);
  try {
    const source = operands.input(OPERANDS.x, x);
    const gradient = operands.input(OPERANDS.dy, dy);
    operands.weights({ gamma, beta });
    const rstd = targets.rstd !== undefined ? operands.input(OPERANDS.rstd, targets.rstd) : null;
    const dsum = targets.dsum !== undefined ? operands.input(OPERANDS.dsum, targets.dsum) : null;
    const dx = operands.output(OPERANDS.dx, targets.out?.dx);
    const dgamma = weightGradient(operands, OPERANDS.dgamma, targets.out?.dgamma, gammaShape);
    const dbeta = weightGradient(operands, OPERANDS.dbeta, targets.out?.dbeta, betaShape);
    if (isEmpty(problem)) {
      for (const sum of [dgamma, dbeta]) if (sum) zero(internals, sum, problem.groups * problem.size);
    } else {
      internals.driver.backward!(problem, {
        x: source,
        gamma,
        dy: gradient,
        rstd,
        dsum,
        dx: dx.buffer,
        dgamma: dgamma?.buffer ?? null,
        dbeta: dbeta?.buffer ?? null,
      });
    }
    return {
      dx: dx.tensor as X,
      dgamma: (dgamma?.tensor ?? null) as WithDType<X, 'float32'> | null,
      dbeta: (dbeta?.tensor ?? null) as WithDType<X, 'float32'> | null,
    };
  } catch (error) {
    throw operands.undo(error);
  }
}

/** @param shape of gamma or beta, null where there is none */
function weightGradient<B>(
  operands: CheckedOperands<B>,
  operand: Operand,
  out: Tensor | undefined,
  shape: readonly number[] | null,
): Output<B> | null {
  if (shape !== null) return operands.outputOf(shape, operand, out);
  if (out === undefined) return null;
  const weight = operand.present;
  throw new RMSNormError('INVALID_OPTION', `${operand.name} was given in out, but there is no ${weight}: leave it out`);
}

/** The sum over no rows. */
function zero<B>(internals: BackendInternals<B>, { buffer }: Output<B>, features: number): void {
  internals.driver.write(buffer, new Uint8Array(features * 4));
}
