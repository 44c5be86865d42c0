import type { Tensor } from '../backend.ts';
import { refuseSame } from '../call.ts';
import type { Engine } from '../engine.ts';
import { isEmpty } from '../plan.ts';
import type { Problem } from '../problem.ts';
import { bufferFor, type ForwardTargets } from '../targets.ts';
import type { WeightBuffers } from '../weights.ts';

/**
 * forward of a planned problem. What a Call does is written out: what it remembers costs a small forward more than its kernel.
 * @throws RMSNormError as Call's methods, and what the driver throws
 */
export function runForward<B>(
  engine: Engine<B>,
  p: Problem,
  x: Tensor,
  { gamma, beta }: WeightBuffers<B>,
  { out, rstd }: ForwardTargets,
): Tensor {
  const source = bufferFor(engine, x, 'x', x.shape, p.dtype);
  let statistic: B | null = null;
  if (rstd) {
    statistic = bufferFor(engine, rstd, 'rstd', [p.outer, p.groups, p.inner], 'float32');
    refuseSame('rstd', statistic, 'x', source);
    refuseSame('rstd', statistic, 'gamma', gamma);
    refuseSame('rstd', statistic, 'beta', beta);
  }
  const y = out || engine.allocate(x.shape, p.dtype);
  try {
    const target = bufferFor(engine, y, 'out', x.shape, p.dtype);
    refuseSame('out', target, 'gamma', gamma);
    refuseSame('out', target, 'beta', beta);
    refuseSame('out', target, 'rstd', statistic);
    if (!isEmpty(p)) engine.driver.forward(p, { x: source, gamma, beta, y: target, rstd: statistic });
    return y;
  } catch (error) {
    if (y !== out) y.dispose();
    throw error;
  }
}
