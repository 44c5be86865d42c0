import type { Tensor } from '../backend.ts';
import { Call } from '../call.ts';
import type { Engine } from '../engine.ts';
import { isEmpty } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { ForwardTargets } from '../targets.ts';
import type { WeightBuffers } from '../weights.ts';

/** gatedForward of a planned problem. @throws RMSNormError as Call's methods, and what the driver throws */
export function runGatedForward<B>(
  engine: Engine<B>,
  p: Problem & { readonly normBeforeGate: boolean },
  x: Tensor,
  gate: Tensor,
  { gamma, beta }: WeightBuffers<B>,
  { out, rstd }: ForwardTargets,
): Tensor {
  const call = new Call(engine);
  try {
    const source = call.input('x', x, x.shape, p.dtype);
    const gating = call.input('gate', gate, x.shape, p.dtype);
    call.checked('gamma', gamma);
    call.checked('beta', beta);
    const statistic = call.optional('rstd', rstd, [p.outer, p.groups, p.inner], 'float32');
    const y = call.output('out', out, x.shape, p.dtype, ['x', 'gate']);
    if (!isEmpty(p)) {
      engine.driver.gatedForward!(p, { x: source, gate: gating, gamma, beta, y: y.buffer, rstd: statistic });
    }
    return y.tensor;
  } catch (error) {
    throw call.undo(error);
  }
}
