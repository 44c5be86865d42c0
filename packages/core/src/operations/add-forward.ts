import type { Tensor } from '../backend.ts';
import { Call } from '../call.ts';
import type { Engine } from '../engine.ts';
import { isEmpty } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { WeightBuffers } from '../weights.ts';

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

/** addForward of a planned problem. @throws RMSNormError as Call's methods, and what the driver throws */
export function runAddForward<B>(
  engine: Engine<B>,
  p: Problem,
  x: Tensor,
  residual: Tensor,
  { gamma, beta }: WeightBuffers<B>,
  { out, rstd }: AddForwardTargets,
): AddForwardResult {
  const call = new Call(engine);
  try {
    const source = call.input('x', x, x.shape, p.dtype);
    const added = call.input('residual', residual, x.shape, p.dtype);
    call.checked('gamma', gamma);
    call.checked('beta', beta);
    const statistic = call.optional('rstd', rstd, [p.outer, p.groups, p.inner], 'float32');
    const sum = call.output('sum', out?.sum, x.shape, p.dtype, ['x', 'residual']);
    const y = call.output('y', out?.y, x.shape, p.dtype, ['x', 'residual']);
    if (!isEmpty(p)) {
      const io = { x: source, residual: added, gamma, beta, y: y.buffer, sum: sum.buffer, rstd: statistic };
      engine.driver.addForward!(p, io);
    }
    return { y: y.tensor, sum: sum.tensor };
  } catch (error) {
    throw call.undo(error);
  }
}
