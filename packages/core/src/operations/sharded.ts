import type { Tensor } from '../backend.ts';
import { Call } from '../call.ts';
import type { Engine } from '../engine.ts';
import { RMSNormError } from '../errors.ts';
import type { ResolvedOptions } from '../options.ts';
import { isEmpty } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { WeightBuffers } from '../weights.ts';

export interface ScaleByTargets {
  /** Shape and dtype of x; may be x itself. */
  readonly out?: Tensor | undefined;
}

/**
 * A shard has no say in which features of the whole enter the statistic.
 * @throws RMSNormError INVALID_OPTION
 */
export function refusePartial({ partial }: ResolvedOptions): void {
  if (partial === 1) return;
  throw new RMSNormError('INVALID_OPTION', `sumSquares and scaleBy need partial = 1, got ${partial}`);
}

/** sumSquares of a planned problem. @throws RMSNormError as Call's methods, and what the driver throws */
export function runSumSquares<B>(engine: Engine<B>, p: Problem, x: Tensor): Tensor {
  const call = new Call(engine);
  try {
    const source = call.input('x', x, x.shape, p.dtype);
    const sums = call.output('sums', undefined, [p.outer, p.groups, p.inner], 'float32');
    if (!isEmpty(p)) engine.driver.sumSquares!(p, { x: source, sums: sums.buffer });
    return sums.tensor;
  } catch (error) {
    throw call.undo(error);
  }
}

/** scaleBy of a planned problem. @throws RMSNormError INVALID_OPTION, as Call's methods, and what the driver throws */
export function runScaleBy<B>(
  engine: Engine<B>,
  p: Problem,
  x: Tensor,
  sums: Tensor,
  { count, ownScale }: { readonly count: number; readonly ownScale: boolean },
  { gamma, beta }: WeightBuffers<B>,
  { out }: ScaleByTargets,
): Tensor {
  if (!Number.isSafeInteger(count) || count < p.size) {
    throw new RMSNormError(
      'INVALID_OPTION',
      `count is the number of features in all shards of a group together: an integer from ${p.size} on, got ${count}`,
    );
  }
  const call = new Call(engine);
  try {
    const source = call.input('x', x, x.shape, p.dtype);
    const statistic = call.input('sums', sums, [p.outer, p.groups, p.inner], 'float32');
    call.checked('gamma', gamma);
    call.checked('beta', beta);
    const y = call.output('out', out, x.shape, p.dtype, ['x']);
    if (!isEmpty(p)) {
      // scale / sqrt(count): an own scale multiplies x / norm2 of the whole, so that all shards are given the same.
      const whole = { ...p, alpha: ownScale ? p.alpha * Math.sqrt(p.size / count) : 1, count };
      engine.driver.scaleBy!(whole, { x: source, sums: statistic, gamma, beta, y: y.buffer });
    }
    return y.tensor;
  } catch (error) {
    throw call.undo(error);
  }
}
