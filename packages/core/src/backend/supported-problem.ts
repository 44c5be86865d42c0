import type { Op } from '../driver/io.ts';
import type { OperationProblem } from '../driver/problem.ts';
import { type CallValue, operationProblem } from '../options/operation-problem.ts';
import type { ResolvedOptions } from '../options/options.ts';
import type { DType } from '../values/dtype.ts';
import { floatDType } from '../values/host-tensor.ts';
import { type CallFeatures, requireSupport } from './declared-support.ts';
import type { BackendInternals } from './internals.ts';

/**
 * The problem of one call, once it is sure that the backend supports it.
 * @throws RMSNormError SHAPE, DTYPE, INVALID_OPTION, UNSUPPORTED
 */
export function supportedProblem<O extends Op>(
  internals: BackendInternals<unknown>,
  op: O,
  options: ResolvedOptions,
  x: { readonly shape: readonly number[]; readonly dtype: DType },
  call: CallFeatures,
  value: CallValue,
): OperationProblem[O] {
  const problem = operationProblem(op, options, x.shape, floatDType(x.dtype), value);
  requireSupport(internals, op, problem, call);
  return problem;
}
