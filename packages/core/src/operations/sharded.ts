import type { Tensor } from '../backend.ts';
import { calling } from '../call.ts';
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
  return calling(engine, (call) => {
    const source = call.input('x', x, x.shape, p.dtype);
    const sums = call.output('sums', undefined, [p.outer, p.groups, p.inner], 'float32');
    if (!isEmpty(p)) engine.driver.sumSquares!(p, { x: source, sums: sums.buffer });
    return sums.tensor;
  });
}

/** scaleBy of a planned problem. @throws RMSNormError INVALID_OPTION, as Call's methods, and what the driver throws */
export function runScaleBy<B>(
  engine: Engine<B>,
  p: Problem,
  x: Tensor,
  sums: Tensor,
  count: number,
  { gamma, beta }: WeightBuffers<B>,
  { out }: ScaleByTargets,
): Tensor {
  if (!Number.isSafeInteger(count) || count < p.size) {
    throw new RMSNormError(
      'INVALID_OPTION',
      `count is the number of features in all shards of a group together: an integer from ${p.size} on, got ${count}`,
    );
  }
  return calling(engine, (call) => {
    const source = call.input('x', x, x.shape, p.dtype);
    const statistic = call.input('sums', sums, [p.outer, p.groups, p.inner], 'float32');
    call.checked('gamma', gamma);
    call.checked('beta', beta);
    const y = call.output('out', out, x.shape, p.dtype, ['x']);
    if (!isEmpty(p)) {
      const whole = { ...p, alpha: alphaOfWhole(p, count), count };
      engine.driver.scaleBy!(whole, { x: source, sums: statistic, gamma, beta, y: y.buffer });
    }
    return y.tensor;
  });
}

/**
 * scale / sqrt(count): what multiplies x / norm2(x) is one number for the whole, so that all shards are given the same.
 * The default makes rows of RMS 1, of a shard as of the whole.
 */
function alphaOfWhole({ alpha, size }: Problem, count: number): number {
  return alpha === 1 ? 1 : alpha * Math.sqrt(size / count);
}
