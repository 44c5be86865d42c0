import type { Tensor, WithDType } from '../backend/backend.ts';
import { internalsOf } from '../backend/internals.ts';
import { supportedProblem } from '../backend/supported-problem.ts';
import type { Op } from '../driver/io.ts';
import type { OperationProblem } from '../driver/problem.ts';
import {
  ADD_FORWARD_TARGETS,
  type AddForwardResult,
  type AddForwardTargets,
  runAddForward,
} from '../operations/add-forward.ts';
import { BACKWARD_TARGETS, type BackwardResult, type BackwardTargets, runBackward } from '../operations/backward.ts';
import { FORWARD_TARGETS, type ForwardTargets, runForward } from '../operations/forward.ts';
import {
  QUANTIZED_TARGETS,
  type QuantizedResult,
  type QuantizedTargets,
  runForwardQuantized,
} from '../operations/forward-quantized.ts';
import { runGatedForward } from '../operations/gated-forward.ts';
import { runScaleBy, runSumSquares, SCALE_BY_TARGETS, type ScaleByTargets } from '../operations/sharded.ts';
import { type PreparedCall, weightBuffer } from '../operations/weights.ts';
import type { CallValue } from '../options/operation-problem.ts';
import { OPTION_KEYS, type RMSNormOptions, readOptions, resolved } from '../options/options.ts';
import { refuseMore } from '../values/arguments.ts';
import type { Form } from '../values/keys.ts';

/** gamma and beta as tensors of x's backend: float32, any shape with one element for each feature. */
export interface Weights {
  readonly gamma?: Tensor | undefined;
  readonly beta?: Tensor | undefined;
}

/** Options of a function: there is a gamma, or a beta, if its tensor is given. */
export type FunctionOptions = Omit<RMSNormOptions, 'affine' | 'bias'> & Weights;

export type RmsNormArguments = FunctionOptions & ForwardTargets;
export type QuantizedArguments = FunctionOptions &
  Pick<QuantizedTargets, 'out'> & { readonly quantScale?: number | undefined };

const FORWARD = formOf('rmsNorm', FORWARD_TARGETS);
const ADD_FORWARD = formOf('addRmsNorm', ADD_FORWARD_TARGETS);
const GATED_FORWARD = formOf('gatedRmsNorm', FORWARD_TARGETS);
const BACKWARD = formOf('rmsNormBackward', BACKWARD_TARGETS);
const SUM_SQUARES = formOf('sumSquares', { name: '', keys: [], hints: { out: 'it gives a new tensor' } });
const SCALE_BY = formOf('scaleBy', SCALE_BY_TARGETS);
const QUANTIZED = formOf('rmsNormQuantized', { ...QUANTIZED_TARGETS, keys: ['quantScale', 'out'] });

/**
 * {@link RMSNorm.forward} as a function: all arguments are tensors of one backend, and nothing is uploaded or kept.
 * @throws RMSNormError INVALID_OPTION, SHAPE, DTYPE, UNSUPPORTED, DISPOSED, FOREIGN_TENSOR, ALIASING, OUT_OF_MEMORY
 */
export function rmsNorm<X extends Tensor>(x: X, given: RmsNormArguments): X {
  if (arguments.length > 2) refuseMore(arguments, 2, 'rmsNorm(x, { dim, gamma, out, rstd })');
  const options = readOptions(given, FORWARD);
  const { out, rstd } = options;
  const { internals, problem, weights } = prepared('forward', x, options, rstd !== undefined);
  return runForward(internals, problem, x, weights, { out, rstd });
}

/** {@link RMSNorm.addForward} as a function. @throws RMSNormError as {@link rmsNorm} */
export function addRmsNorm<X extends Tensor>(
  x: X,
  residual: Tensor,
  given: FunctionOptions & AddForwardTargets,
): AddForwardResult<X> {
  if (arguments.length > 3) refuseMore(arguments, 3, 'addRmsNorm(x, residual, { dim, gamma, out: { y, sum }, rstd })');
  const options = readOptions(given, ADD_FORWARD);
  const { out, rstd } = options;
  const { internals, problem, weights } = prepared('addForward', x, options, rstd !== undefined);
  return runAddForward(internals, problem, x, residual, weights, { out, rstd });
}

/** {@link RMSNorm.gatedForward} as a function. @throws RMSNormError as {@link rmsNorm} */
export function gatedRmsNorm<X extends Tensor>(x: X, gate: Tensor, given: FunctionOptions & ForwardTargets): X {
  if (arguments.length > 3) refuseMore(arguments, 3, 'gatedRmsNorm(x, gate, { dim, gamma, out, rstd })');
  const options = readOptions(given, GATED_FORWARD);
  const { out, rstd } = options;
  const { internals, problem, weights } = prepared('gatedForward', x, options, rstd !== undefined);
  return runGatedForward(internals, problem, x, gate, weights, { out, rstd });
}

/** {@link RMSNorm.backward} as a function. @throws RMSNormError as {@link rmsNorm} */
export function rmsNormBackward<X extends Tensor>(
  x: X,
  dy: Tensor,
  given: FunctionOptions & BackwardTargets,
): BackwardResult<X> {
  if (arguments.length > 3)
    refuseMore(arguments, 3, 'rmsNormBackward(x, dy, { dim, gamma, rstd, dsum, out: { dx, dgamma } })');
  const options = readOptions(given, BACKWARD);
  const { rstd, dsum, out } = options;
  const { internals, problem, weights } = prepared('backward', x, options, rstd !== undefined);
  const shapes = { gammaShape: options.gamma?.shape ?? null, betaShape: options.beta?.shape ?? null };
  return runBackward(internals, problem, x, dy, { ...weights, ...shapes }, { rstd, dsum, out });
}

/** {@link RMSNorm.sumSquares} as a function. @throws RMSNormError as {@link rmsNorm} */
export function sumSquares<X extends Tensor>(x: X, given: FunctionOptions): WithDType<X, 'float32'> {
  if (arguments.length > 2) refuseMore(arguments, 2, 'sumSquares(x, { dim })');
  const options = readOptions(given, SUM_SQUARES);
  const { internals, problem } = prepared('sumSquares', x, options, false);
  return runSumSquares(internals, problem, x);
}

/** {@link RMSNorm.scaleBy} as a function. @throws RMSNormError as {@link rmsNorm} */
export function scaleBy<X extends Tensor>(
  x: X,
  sums: Tensor,
  count: number,
  given: FunctionOptions & ScaleByTargets,
): X {
  if (arguments.length > 4) refuseMore(arguments, 4, 'scaleBy(x, sums, count, { dim, gamma, out })');
  const options = readOptions(given, SCALE_BY);
  const { out } = options;
  const { internals, problem, weights } = prepared('scaleBy', x, options, false, count);
  return runScaleBy(internals, problem, x, sums, weights, { out });
}

/**
 * {@link RMSNorm.forwardQuantized} as a function; the fixed scale is called `quantScale` here, where `scale` is the norm's.
 * @throws RMSNormError as {@link rmsNorm}
 */
export function rmsNormQuantized<X extends Tensor>(x: X, given: QuantizedArguments): QuantizedResult<X> {
  if (arguments.length > 2)
    refuseMore(arguments, 2, 'rmsNormQuantized(x, { dim, gamma, quantScale, out: { q, scales } })');
  const options = readOptions(given, QUANTIZED);
  const { quantScale = null, out } = options;
  const { internals, problem, weights } = prepared('forwardQuantized', x, options, false, quantScale);
  return runForwardQuantized(internals, problem, x, weights, { out });
}

/** Options, gamma and beta, and the targets of one operation, all in one object. */
function formOf(name: string, targets: Form): Form {
  const options = OPTION_KEYS.filter((key) => key !== 'affine' && key !== 'bias');
  return {
    name: `${name}'s options`,
    keys: [...options, 'gamma', 'beta', ...targets.keys],
    ...(targets.out && { out: targets.out }),
    hints: {
      affine: 'there is a gamma if its tensor is given',
      bias: 'there is a beta if its tensor is given',
      ...targets.hints,
    },
    ...(targets.tensor && { tensor: `{ dim: 512, ${targets.tensor.slice(2)}` }),
  };
}

function prepared<O extends Op>(
  op: O,
  x: Tensor,
  given: FunctionOptions,
  rstd: boolean,
  value: CallValue = null,
): PreparedCall<OperationProblem[O]> {
  const internals = internalsOf(x);
  const { gamma, beta } = given;
  const options = resolved(given, gamma !== undefined, beta !== undefined);
  const problem = supportedProblem(internals, op, options, x, { beta: options.bias, rstd }, value);
  const weights = {
    gamma: gamma === undefined ? null : weightBuffer(internals, gamma, 'gamma', options.features),
    beta: beta === undefined ? null : weightBuffer(internals, beta, 'beta', options.features),
  };
  return { internals, problem, weights };
}
