import type { Tensor } from '../backend/backend.ts';
import type { BackendInternals } from '../backend/internals.ts';
import { operandsByName } from '../driver/operations.ts';
import { isEmpty, type Problem } from '../driver/problem.ts';
import { CheckedOperands, type Output } from './checked-operands.ts';

export interface BackwardTargets {
  /** As forward wrote it: float32, [outer, groups, inner]. Computed again where it is not given. */
  readonly rstd?: Tensor | undefined;
  /** The gradient that reaches addForward's sum, shaped as x: added to dx. */
  readonly dsum?: Tensor | undefined;
  /** Shape and dtype of x; may be dy or x. */
  readonly out?: { readonly dx?: Tensor | undefined } | undefined;
}

export interface BackwardResult {
  readonly dx: Tensor;
  /** float32, shaped as gamma; null where there is no gamma. */
  readonly dgamma: Tensor | null;
  /** float32, shaped as beta; null where there is no beta. */
  readonly dbeta: Tensor | null;
}

/** Shapes of gamma and beta, null where there is none, and gamma's buffer. */
export interface BackwardWeights<B> {
  readonly gamma: B | null;
  readonly gammaShape: readonly number[] | null;
  readonly betaShape: readonly number[] | null;
}

const OPERANDS = operandsByName('backward');

/** backward of a supported problem. @throws RMSNormError as CheckedOperands, and what the driver throws */
export function runBackward<B>(
  internals: BackendInternals<B>,
  problem: Problem,
  x: Tensor,
  dy: Tensor,
  { gamma, gammaShape, betaShape }: BackwardWeights<B>,
  targets: BackwardTargets,
): BackwardResult {
  const operands = new CheckedOperands(internals, problem, x.shape);
  try {
    const source = operands.input(OPERANDS.x, x);
    const gradient = operands.input(OPERANDS.dy, dy);
    operands.weights({ gamma, beta: null });
    const rstd = targets.rstd ? operands.input(OPERANDS.rstd, targets.rstd) : null;
    const dsum = targets.dsum ? operands.input(OPERANDS.dsum, targets.dsum) : null;
    const dx = operands.output(OPERANDS.dx, targets.out?.dx);
    const dgamma = gammaShape && operands.newOutput(OPERANDS.dgamma, gammaShape);
    const dbeta = betaShape && operands.newOutput(OPERANDS.dbeta, betaShape);
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
    return { dx: dx.tensor, dgamma: dgamma?.tensor ?? null, dbeta: dbeta?.tensor ?? null };
  } catch (error) {
    throw operands.undo(error);
  }
}

/** The sum over no rows. */
function zero<B>(internals: BackendInternals<B>, { buffer }: Output<B>, features: number): void {
  internals.driver.write(buffer, new Uint8Array(features * 4));
}
