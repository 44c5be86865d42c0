import type { Tensor } from './backend.ts';
import type { Engine } from './engine.ts';
import { bufferOf } from './identity.ts';
import { isEmpty } from './plan.ts';
import type { Problem } from './problem.ts';
import { bufferFor, type ForwardTargets, refuseAliasing } from './targets.ts';

/** gamma and beta on the device. */
export interface WeightBuffers<B> {
  readonly gamma: B | null;
  readonly beta: B | null;
}

/**
 * Runs a planned forward: checks the targets, allocates y where none is given, calls the kernel.
 * @throws RMSNormError FOREIGN_TENSOR, DISPOSED, DTYPE, SHAPE, ALIASING, OUT_OF_MEMORY
 */
export function runForward<B>(
  engine: Engine<B>,
  p: Problem,
  x: Tensor,
  { gamma, beta }: WeightBuffers<B>,
  { out, rstd }: ForwardTargets,
): Tensor {
  const source = bufferOf(engine, x, 'x');
  const statistic = rstd ? bufferFor(engine, rstd, 'rstd', [p.outer, p.groups, p.inner], 'float32') : null;
  refuseAliasing('rstd', statistic, { x: source, gamma, beta });
  const target = out ? bufferFor(engine, out, 'out', x.shape, x.dtype) : null;
  refuseAliasing('out', target, { gamma, beta, rstd: statistic });

  const y = out ?? engine.allocate(x.shape, x.dtype);
  if (isEmpty(p)) return y;
  try {
    engine.driver.forward(p, {
      x: source,
      gamma,
      beta,
      y: target ?? bufferOf(engine, y, 'y'),
      rstd: statistic,
    });
  } catch (error) {
    if (y !== out) y.dispose();
    throw error;
  }
  return y;
}
