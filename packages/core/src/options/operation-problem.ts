import type { Op } from '../driver/io.ts';
import type { OperationProblem, Problem } from '../driver/problem.ts';
import type { FloatDType } from '../values/dtype.ts';
import { RMSNormError } from '../values/errors.ts';
import { show } from '../values/show.ts';
import { unreachable } from '../values/unreachable.ts';
import { problemLaidOut } from './layout.ts';
import type { ResolvedOptions } from './options.ts';

/** The number that a call itself adds to its problem: `count` of scaleBy, `scale` of forwardQuantized. */
export type CallValue = number | null;

/**
 * The problem of one operation on one tensor, with all that the operation says beyond {@link Problem}.
 * @throws RMSNormError SHAPE, INVALID_OPTION
 */
export function operationProblem<O extends Op>(
  op: O,
  options: ResolvedOptions,
  shape: readonly number[],
  dtype: FloatDType,
  value: CallValue,
): OperationProblem[O] {
  refusePartialShards(op, options);
  const problem = problemLaidOut(options, shape, dtype);
  return Object.freeze(extended(op, options, problem, value)) as OperationProblem[O];
}

/**
 * `partial` needs the whole row: a shard does not know which of its features are in it.
 * @throws RMSNormError INVALID_OPTION
 */
export function refusePartialShards(op: Op, { partial }: ResolvedOptions): void {
  if ((op === 'sumSquares' || op === 'scaleBy') && partial !== 1) {
    throw new RMSNormError('INVALID_OPTION', `sumSquares and scaleBy need partial = 1, got ${partial}`);
  }
}

function extended(op: Op, options: ResolvedOptions, problem: Problem, value: CallValue): OperationProblem[Op] {
  switch (op) {
    case 'forward':
    case 'addForward':
    case 'backward':
    case 'sumSquares':
      return problem;
    case 'gatedForward':
      return { ...problem, normBeforeGate: options.normBeforeGate };
    case 'scaleBy': {
      const count = checkedCount(value, problem);
      // scale / sqrt(count): a scale that was given multiplies x / norm2 of the whole, so that all shards are given the same.
      const alpha = options.scaleGiven ? problem.alpha * Math.sqrt(problem.size / count) : 1;
      return { ...problem, alpha, count };
    }
    case 'forwardQuantized':
      return { ...problem, scale: checkedScale(value) };
    default:
      return unreachable(op, 'operation');
  }
}

function checkedCount(count: CallValue, { size }: Problem): number {
  if (Number.isSafeInteger(count) && count! >= size) return count!;
  throw new RMSNormError(
    'INVALID_OPTION',
    `count is the number of features in all shards of a group together: an integer from ${size} on, got ${show(count)}`,
  );
}

function checkedScale(scale: CallValue): CallValue {
  if (scale === null) return null;
  // Math.fround converts what is no number, or throws.
  const rounded = typeof scale === 'number' ? Math.fround(scale) : Number.NaN;
  if (Number.isFinite(scale) && Number.isFinite(rounded) && rounded > 0) return scale;
  throw new RMSNormError('INVALID_OPTION', `scale must be above 0 and finite in float32, got ${show(scale)}`);
}
