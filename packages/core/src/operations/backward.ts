import type { Tensor } from '../backend.ts';
import { Call, type Output } from '../call.ts';
import type { Engine } from '../engine.ts';
import { isEmpty } from '../plan.ts';
import type { Problem } from '../problem.ts';

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

/** backward of a planned problem. @throws RMSNormError as Call's methods, and what the driver throws */
export function runBackward<B>(
  engine: Engine<B>,
  p: Problem,
  x: Tensor,
  dy: Tensor,
  { gamma, gammaShape, betaShape }: BackwardWeights<B>,
  { rstd, dsum, out }: BackwardTargets,
): BackwardResult {
  const call = new Call(engine);
  try {
    const source = call.input('x', x, x.shape, p.dtype);
    const gradient = call.input('dy', dy, x.shape, p.dtype);
    call.checked('gamma', gamma);
    const statistic = rstd ? call.input('rstd', rstd, [p.outer, p.groups, p.inner], 'float32') : null;
    const added = dsum ? call.input('dsum', dsum, x.shape, p.dtype) : null;
    const dx = call.output('dx', out?.dx, x.shape, p.dtype, ['x', 'dy']);
    const dgamma = gammaShape && call.output('dgamma', undefined, gammaShape, 'float32');
    const dbeta = betaShape && call.output('dbeta', undefined, betaShape, 'float32');
    if (isEmpty(p)) {
      for (const sum of [dgamma, dbeta]) if (sum) zero(engine, sum, p.groups * p.size);
    } else {
      engine.driver.backward!(p, {
        x: source,
        gamma,
        dy: gradient,
        rstd: statistic,
        dsum: added,
        dx: dx.buffer,
        dgamma: dgamma?.buffer ?? null,
        dbeta: dbeta?.buffer ?? null,
      });
    }
    return { dx: dx.tensor, dgamma: dgamma?.tensor ?? null, dbeta: dbeta?.tensor ?? null };
  } catch (error) {
    throw call.undo(error);
  }
}

/** The sum over no rows. */
function zero<B>(engine: Engine<B>, { buffer }: Output<B>, features: number): void {
  engine.driver.write(buffer, new Uint8Array(features * 4));
}
